import { createRequire } from 'node:module';
import { nearest, type ProblemList } from '../settings/problems.js';
import type { Setting } from '../settings/setting.js';

/** Loaded where there is such a file: a daemon without one starts sooner, and smaller. */
const yaml = (): typeof import('yaml') => createRequire(import.meta.url)('yaml');

/** The values of a YAML file by variable name; lists of structures are kept for the settings that take them. */
export type FileValues = ReadonlyMap<string, string | readonly unknown[]>;

/**
 * Keys are the variable names in lower case, nested at any underscore: `mongodb: {uri: …}` is `mongodb_uri: …`.
 * Scalars are taken as they are written (`007` stays `007`); a list is joined by commas where a string is expected.
 */
export function readConfigFile(
  path: string,
  text: string,
  settings: readonly Setting[],
  problems: ProblemList,
): FileValues {
  const values = new Map<string, string | readonly unknown[]>();
  const { parseDocument } = yaml();
  // Warnings would go to the process, past the log.
  const asWritten = parseDocument(text, { schema: 'failsafe', logLevel: 'error' });
  const typed = parseDocument(text, { logLevel: 'error' });
  const [error] = [...asWritten.errors, ...typed.errors];
  if (error !== undefined) {
    const at = error.linePos === undefined ? '' : `, line ${error.linePos[0].line}`;
    problems.add('EVENT_SINK_CONFIG', `${path} is not YAML${at}: ${error.message.split(/ at line|\n/)[0]}`);
    return values;
  }
  let root: unknown;
  let typedRoot: unknown;
  try {
    root = asWritten.toJS();
    typedRoot = typed.toJS();
  } catch (resolving) {
    // An alias without its anchor, or aliases of aliases that would fill the memory.
    problems.add('EVENT_SINK_CONFIG', `${path} is not YAML that can be read: ${(resolving as Error).message}`);
    return values;
  }
  const known = new Map<string, Setting>();
  for (const setting of settings) {
    for (const name of [setting.name, ...setting.aliases]) {
      known.set(name.toLowerCase(), setting);
      if (setting.secret) known.set(`${name}_FILE`.toLowerCase(), setting);
    }
  }

  if (root === null || root === '') return values;
  if (!isMapping(root)) {
    problems.add('EVENT_SINK_CONFIG', `${path} must be a mapping of settings, such as "port: 8080"`);
    return values;
  }
  walk(root, typedRoot, []);
  return values;

  function walk(node: Mapping, typedNode: unknown, above: readonly string[]): void {
    for (const [key, value] of Object.entries(node)) {
      const keys = [...above, key];
      const name = keys.join('_').toLowerCase();
      const setting = known.get(name);
      const typedValue = isMapping(typedNode) ? typedNode[key] : undefined;
      if (typedValue === null) continue;
      if (setting === undefined && isMapping(value)) walk(value, typedValue, keys);
      else if (setting === undefined) unknownKey(keys.join('.'), name);
      else leaf(keys.join('.'), name.toUpperCase(), setting, value, typedValue);
    }
  }

  function leaf(key: string, name: string, setting: Setting, value: unknown, typedValue: unknown): void {
    if (values.has(name)) problems.add(key, `is in ${path} twice, nested and flat. Leave one of them out`);
    else if (typeof value === 'string') values.set(name, value);
    else if (Array.isArray(value) && setting.structured) values.set(name, typedValue as unknown[]);
    else if (Array.isArray(value) && value.every(item => typeof item === 'string')) values.set(name, value.join(','));
    else problems.add(key, `must be a single value${setting.structured ? ' or a list' : ''} in ${path}`);
  }

  function unknownKey(key: string, name: string): void {
    const like = nearest(name, known.keys());
    problems.add(
      key,
      `is no setting, but stands in ${path}. ${like === undefined ? 'Take it out' : `Did you mean ${like}?`}`,
    );
  }
}

type Mapping = Readonly<Record<string, unknown>>;

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
