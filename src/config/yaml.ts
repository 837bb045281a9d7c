import { createRequire } from 'node:module';
import type { ProblemList } from '../settings/problems.js';

/** Loaded where there is such a file: a daemon without one starts sooner, and smaller. */
const yaml = (): typeof import('yaml') => createRequire(import.meta.url)('yaml');

/** A document twice: every scalar as it is written (`007` stays `'007'`), and with YAML's types (`null` is null). */
export interface Document {
  readonly written: unknown;
  readonly typed: unknown;
}

export type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** undefined, and a problem, when it is not YAML. */
export function parseYaml(path: string, text: string, problems: ProblemList): Document | undefined {
  const read = readYaml(path, text);
  if (!('flaw' in read)) return read;
  problems.add('EVENT_SINK_CONFIG', read.flaw);
  return undefined;
}

/** The document, or why it is not YAML. */
export function readYaml(path: string, text: string): Document | { readonly flaw: string } {
  const { parseDocument } = yaml();
  // Warnings would go to the process, past the log.
  const written = parseDocument(text, { schema: 'failsafe', logLevel: 'error' });
  const typed = parseDocument(text, { logLevel: 'error' });
  const [error] = [...written.errors, ...typed.errors];
  if (error !== undefined) {
    const at = error.linePos === undefined ? '' : `, line ${error.linePos[0].line}`;
    return { flaw: `${path} is not YAML${at}: ${error.message.split(/ at line|\n/)[0]}` };
  }
  try {
    return { written: written.toJS(), typed: typed.toJS() };
  } catch (resolving) {
    // An alias without its anchor, or aliases of aliases that would fill the memory.
    return { flaw: `${path} is not YAML that can be read: ${(resolving as Error).message}` };
  }
}

/** The scalars as written, without what is null. */
export function withoutNulls({ written, typed }: Document): unknown {
  if (typed === null) return undefined;
  if (Array.isArray(written)) {
    const types = Array.isArray(typed) ? typed : [];
    return written.map((item, index) => withoutNulls({ written: item, typed: types[index] }));
  }
  if (!isMapping(written)) return written;
  const types = isMapping(typed) ? typed : {};
  return Object.fromEntries(
    Object.entries(written)
      .map(([key, value]) => [key, withoutNulls({ written: value, typed: types[key] })] as const)
      .filter(([, value]) => value !== undefined),
  );
}
