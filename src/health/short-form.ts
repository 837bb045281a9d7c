import type { z } from 'zod';
import { commonKeys, isName } from './description.js';
import type { ProbeDefinition } from './probes/probe.js';
import { probeFor } from './probes/registry.js';

/** `key=value` behind an address, and `key>=value` where values are compared. */
const lastWord = /^(.*\S)\s+([a-z_][\w$.[\]-]*)(==|!=|<=|>=|=|<|>|~)(\S*)$/s;
const maxWords = 50;

interface Word {
  readonly key: string;
  readonly operator: string;
  readonly value: string;
}

/** A target of the short form as the YAML file would have it. */
export interface Structure {
  readonly name: string;
  readonly url: string;
  readonly [key: string]: unknown;
}

/**
 * The structure of `name=address key=value …`; undefined when it is not of that form. The keys are those of the YAML
 * file, with a dot for each level: `expect.status=2xx`, `headers.Accept=text/html`, `expect.json.count>=3`.
 */
export function fromText(item: string): Structure | undefined {
  const [, name = '', rest = ''] = /^([^=]*)=(.*)$/s.exec(item) ?? [];
  const whole = rest.trim();
  if (!isName(name.trim()) || whole === '') return undefined;
  const { address, words } = split(whole);
  const probe = probeFor(address);
  // Names of queues and of files may look so, and did before there were words.
  const isAddress = probe !== undefined && typeof probe.parse(whole) !== 'string';
  const taken = isAddress && !words.every(word => schemaOf(word.key, probe) !== undefined) ? [] : words;
  const structure = empty();
  structure.name = name.trim();
  structure.url = taken.length === 0 ? whole : address;
  for (const word of taken) place(structure, word, schemaOf(word.key, probe));
  return structure as Structure;
}

function split(whole: string): { readonly address: string; readonly words: readonly Word[] } {
  const words: Word[] = [];
  let address = whole;
  while (words.length < maxWords) {
    const [, before, key, operator, value] = lastWord.exec(address) ?? [];
    if (before === undefined || key === undefined || operator === undefined || value === undefined) break;
    // What a target is called, and where it is, stands before the words.
    if (key === 'name' || key === 'url') break;
    words.unshift({ key, operator, value });
    address = before;
  }
  return { address, words };
}

/** The place of a key: `headers.Accept` is two levels deep, and `expect.json.a.b` three. */
function levels(key: string): readonly string[] {
  const [, first = '', rest] = /^([^.]*)(?:\.(.*))?$/s.exec(key) ?? [];
  if (rest === undefined) return [first];
  return first === 'expect' ? [first, ...levels(rest)] : [first, rest];
}

function schemaOf(key: string, probe: ProbeDefinition | undefined): z.ZodTypeAny | undefined {
  const [first = '', second = ''] = levels(key);
  if (first === 'expect') return Object.hasOwn(probe?.expect ?? {}, second) ? probe?.expect?.[second] : undefined;
  const schemas: Readonly<Record<string, z.ZodTypeAny>> = { ...commonKeys(1), ...probe?.options };
  return Object.hasOwn(schemas, first) ? schemas[first] : undefined;
}

function place(structure: Record<string, unknown>, { key, operator, value }: Word, schema: z.ZodTypeAny | undefined) {
  const path = levels(key);
  const last = path.at(-1) ?? '';
  let at = structure;
  for (const level of path.slice(0, -1)) {
    const below = at[level];
    at[level] = typeof below === 'object' && below !== null ? below : empty();
    at = at[level] as Record<string, unknown>;
  }
  if (operator === '=' || operator === '==') at[last] = writtenValue(path, value, schema);
  else at[last] = { ...(at[last] as object | undefined), [operator]: operator === '~' ? value : scalar(value) };
}

/** A text where the key takes one; a number, true, false or null otherwise. What JSON holds has a type of its own. */
function writtenValue(path: readonly string[], value: string, schema: z.ZodTypeAny | undefined): unknown {
  const isJson = path[1] === 'json';
  const depth = path[0] === 'expect' ? 2 : 1;
  const asText = path.length > depth ? { [path.at(-1) ?? '']: value } : value;
  return !isJson && schema?.safeParse(asText).success ? value : scalar(value);
}

function scalar(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text === 'null') return null;
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

/** Its keys are what somebody wrote. */
function empty(): Record<string, unknown> {
  return Object.create(null);
}
