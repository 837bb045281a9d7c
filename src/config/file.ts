import { nearest } from '../settings/nearest.js';
import type { ProblemList } from '../settings/problems.js';
import { namesOf, type Setting } from '../settings/setting.js';
import { type Document, isMapping, type Mapping, parseYaml, withoutNulls } from './yaml.js';

/**
 * The values of a YAML file by the name of their setting; lists of structures are kept for the settings that take them.
 */
export type FileValues = ReadonlyMap<string, string | readonly unknown[]>;

/** Where the names of a mapping come from, and how its keys are spelt in messages. */
export interface Vocabulary {
  /** By key in lower case: the setting, and the name under which its value is kept. */
  readonly known: ReadonlyMap<string, { readonly setting: Setting; readonly name: string }>;
  /** For messages: the file. */
  readonly path: string;
  /** For messages, before every key: `sinks[1].`, or nothing. */
  readonly place: string;
}

/** @see flatten */
export function readConfigFile(
  path: string,
  text: string,
  settings: readonly Setting[],
  problems: ProblemList,
): FileValues {
  const document = parseYaml(path, text, problems);
  if (document === undefined || document.written === null || document.written === '') return new Map();
  if (!isMapping(document.written)) {
    problems.add('EVENT_SINK_CONFIG', `${path} must be a mapping of settings, such as "port: 8080"`);
    return new Map();
  }
  const known = new Map(
    settings.flatMap(setting => namesOf(setting).map(name => [name.toLowerCase(), { setting, name }] as const)),
  );
  return flatten(document as Document & { written: Mapping }, { known, path, place: '' }, problems);
}

/**
 * Keys are the names of settings in lower case, nested at any underscore: `mongodb: {uri: …}` is `mongodb_uri: …`.
 * Scalars are taken as they are written (`007` stays `007`); a list is joined by commas where a string is expected.
 */
export function flatten(
  root: { readonly written: Mapping; readonly typed: unknown },
  { known, path, place }: Vocabulary,
  problems: ProblemList,
): FileValues {
  const values = new Map<string, string | readonly unknown[]>();
  walk(root.written, root.typed, []);
  return values;

  function walk(node: Mapping, typedNode: unknown, above: readonly string[]): void {
    for (const [key, value] of Object.entries(node)) {
      const keys = [...above, key];
      const shown = `${place}${keys.join('.')}`;
      const found = known.get(keys.join('_').toLowerCase());
      const typed = isMapping(typedNode) ? typedNode[key] : undefined;
      if (typed === null) continue;
      if (found !== undefined) leaf(shown, found.name, found.setting, { written: value, typed });
      else if (isMapping(value)) walk(value, typed, keys);
      else unknownKey(shown, keys.join('_').toLowerCase());
    }
  }

  function leaf(shown: string, name: string, setting: Setting, document: Document): void {
    const { written, typed } = document;
    if (values.has(name)) problems.add(shown, `is in ${path} twice, nested and flat. Leave one of them out`);
    else if (typeof written === 'string') values.set(name, written);
    else if (Array.isArray(written) && setting.structured === 'typed') values.set(name, typed as unknown[]);
    else if (Array.isArray(written) && setting.structured === 'written')
      values.set(name, withoutNulls(document) as unknown[]);
    else if (Array.isArray(written) && written.every(item => typeof item === 'string'))
      values.set(name, written.join(','));
    else problems.add(shown, `must be a single value${setting.structured ? ' or a list' : ''} in ${path}`);
  }

  function unknownKey(shown: string, name: string): void {
    const like = nearest(name, known.keys());
    const advice = like === undefined ? 'Take it out' : `Did you mean ${like}?`;
    problems.add(shown, `is not a setting, but stands in ${path}. ${advice}`);
  }
}
