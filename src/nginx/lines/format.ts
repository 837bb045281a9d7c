import { type JsonKey, keyNamed, keyOfVariable } from './json-names.js';
import { type NamedVariables, Naming } from './named-variables.js';
import type { SlotName } from './slots.js';
import { addressLists, type Shape, variables } from './variables.js';

/** A field of a text line, and the literal that ends it. */
export interface Segment {
  readonly slot: SlotName | undefined;
  readonly shape: Shape;
  /** Empty: the next field follows at once, or the line ends. */
  readonly literal: string;
}

/**
 * Which address of a list is the client's: the first is what the client itself said,
 * the last what the nearest proxy saw.
 */
export type AddressPick = 'whole' | 'first' | 'last';

export interface TextFormat {
  readonly kind: 'text';
  readonly opening: string;
  readonly segments: readonly Segment[];
  /** `any`: a template of JSON that does not say; its lines show it. */
  readonly escaping: 'default' | 'json' | 'none' | 'any';
  readonly address: AddressPick;
}

/** An object a line. */
export interface JsonFormat {
  readonly kind: 'json';
  /** What a key means; nested ones are joined by dots. */
  readonly keyOf: (path: string) => JsonKey | undefined;
  readonly address: AddressPick;
}

/** A `log_format` that writes objects: read by its template, and what does not fit that, as an object. */
export interface TemplateFormat {
  readonly kind: 'template';
  readonly text: TextFormat;
  readonly json: JsonFormat;
  readonly address: AddressPick;
}

export type LogFormat = TextFormat | JsonFormat | TemplateFormat;

/** Built into nginx: https://nginx.org/en/docs/http/ngx_http_log_module.html */
const combined =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"';

/** Lines of other formats say no agent where there is none. */
export function saysAgent(format: LogFormat): boolean {
  return format.kind !== 'text' || format.segments.some(({ slot }) => slot === 'agent');
}

/** The sentence goes behind the name of the setting: "NGINX_LOG_FORMAT has no time: …". */
export class FormatError extends Error {
  override name = 'FormatError';
}

/**
 * `combined`, `json`, or an nginx `log_format`: its string alone, or the directive as it stands in nginx.conf.
 * @throws FormatError
 */
export function parseFormat(text: string, variables: NamedVariables = {}): LogFormat {
  const naming = new Naming(variables);
  const trimmed = text.trim();
  if (trimmed === 'combined') return textFormat(combined, 'default', naming);
  if (trimmed === 'json')
    return {
      kind: 'json',
      keyOf: path => naming.keyOf(path, keyNamed(path)),
      address: naming.client?.pick ?? 'first',
    };
  const { template, escaping } = directive(trimmed);
  if (!template.includes('$'))
    throw new FormatError(`must be combined, json, or a log_format with $variables, but is "${text}"`);
  return template.trimStart().startsWith('{')
    ? templateFormat(template, escaping, naming)
    : textFormat(template, escaping ?? 'default', naming);
}

type Escaping = TextFormat['escaping'];

/** Takes off `log_format name escape=…`, and joins quoted pieces as nginx does. */
function directive(text: string): { template: string; escaping: Escaping | undefined } {
  const [, head = '', escaping, rest = ''] =
    /^(log_format\s+\S+\s+)?(?:escape=(default|json|none)\s+)?([\s\S]*)$/.exec(text) ?? [];
  const pieces = /^\s*(?:'[^']*'\s*)+;?\s*$/.test(rest)
    ? [...rest.matchAll(/'([^']*)'/g)].map(([, piece]) => piece)
    : [];
  const template = pieces.length > 0 ? pieces.join('') : head === '' ? rest : rest.replace(/;\s*$/, '');
  return { template, escaping: escaping as Escaping | undefined };
}

function textFormat(text: string, escaping: Escaping, naming: Naming): TextFormat {
  const template = text.replace(/\$uri\$is_args\$(?:args|query_string)/g, '$request_uri');
  // Odd items are names of variables, even ones the literals between them.
  const parts = template.split(/\$(?:\{(\w+)\}|(\w+))/).filter(part => part !== undefined);
  const names = parts.filter((_, index) => index % 2 === 1);
  const [opening = '', ...literals] = parts.filter((_, index) => index % 2 === 0);
  const chosen = choose(names, naming);
  const segments = names.map((name, index) => ({
    slot: chosen.get(index),
    shape: variables[name]?.shape ?? 'free',
    literal: literals[index] ?? '',
  }));
  for (const [index, { literal }] of segments.entries()) {
    const next = segments[index + 1];
    if (literal === '' && next !== undefined && next.shape !== 'path')
      throw new FormatError(
        `has nothing between $${names[index]} and $${names[index + 1]}, so nobody can tell them apart`,
      );
  }
  check(segments.map(({ slot }) => slot));
  const address = names.find((_, index) => chosen.get(index) === 'address');
  return { kind: 'text', opening, segments, escaping, address: pickOf(address, naming) };
}

function pickOf(name: string | undefined, { client }: Naming): AddressPick {
  if (client !== undefined && name === client.variable) return client.pick;
  return name !== undefined && addressLists.has(name) ? 'first' : 'whole';
}

/** For each place whose variable fills a slot best, that slot. */
function choose(names: readonly string[], naming: Naming): Map<number, SlotName> {
  const best = new Map<SlotName, { index: number; rank: number }>();
  for (const [index, name] of names.entries()) {
    const key = naming.keyOf(name, keyOfVariable(name));
    const other = key && best.get(key.slot);
    if (key !== undefined && (other === undefined || key.rank < other.rank)) best.set(key.slot, { index, ...key });
  }
  for (const { slot, variable, setting } of naming.named)
    if (!best.has(slot)) throw new FormatError(`does not have $${variable}, which ${setting} names`);
  return new Map([...best].map(([slot, { index }]) => [index, slot]));
}

/** `{"at":"$time_iso8601","status":$status}`: read by its text, else by which key holds which variable. */
function templateFormat(template: string, escaping: Escaping | undefined, naming: Naming): TemplateFormat {
  let value: unknown;
  try {
    value = JSON.parse(quoted(template));
  } catch {
    throw new FormatError('begins like JSON, but is not JSON once the variables are filled in');
  }
  const keys = new Map<string, JsonKey>();
  const walk = (inner: unknown, path: string): void => {
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner))
      for (const [key, next] of Object.entries(inner)) walk(next, path === '' ? key : `${path}.${key}`);
    const name = typeof inner === 'string' ? /^\$\{?(\w+)\}?$/.exec(inner)?.[1] : undefined;
    const key = name === undefined ? undefined : naming.keyOf(name, keyOfVariable(name));
    if (key !== undefined) keys.set(path, key);
  };
  walk(value, '');
  check([...keys.values()].map(({ slot }) => slot));
  const text = textFormat(template.trim(), escaping ?? 'any', naming);
  return {
    kind: 'template',
    text,
    json: { kind: 'json', keyOf: path => keys.get(path), address: text.address },
    address: text.address,
  };
}

/** Puts quotes around the variables that stand outside of strings. */
function quoted(template: string): string {
  return template.replace(/"(?:[^"\\]|\\.)*"|\$(?:\{\w+\}|\w+)/g, part => (part.startsWith('"') ? part : `"${part}"`));
}

function check(filled: readonly (SlotName | undefined)[]): void {
  if (!filled.some(slot => slot === 'timeLocal' || slot === 'timeIso' || slot === 'msec'))
    throw new FormatError('has no time: it needs $time_local, $time_iso8601 or $msec');
  if (!filled.some(slot => slot === 'request' || slot === 'target'))
    throw new FormatError('has no request: it needs $request or $request_uri');
}
