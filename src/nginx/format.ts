/**
 * What is taken from a line. The number is the field's place among the bounds that a parser finds: where it begins at twice the number, where it
 * ends right after that.
 */
export const slots = {
  address: 0,
  timeLocal: 1,
  timeIso: 2,
  msec: 3,
  request: 4,
  method: 5,
  target: 6,
  query: 7,
  status: 8,
  bytes: 9,
  referrer: 10,
  agent: 11,
  pid: 12,
  connection: 13,
  duration: 14,
} as const;

export type SlotName = keyof typeof slots;
export const slotCount = Object.keys(slots).length;

/** How a value looks, where that is known: it tells where a field before it ends. */
export type Shape = 'local time' | 'iso time' | 'integer' | 'decimal' | 'path' | 'free';

interface Variable {
  readonly slot?: SlotName;
  /** Where several variables of a format could fill a slot, the lowest does. */
  readonly rank?: number;
  readonly shape?: Shape;
}

/** https://nginx.org/en/docs/varindex.html: those that mean something here, or whose shape is known. All others are free text. */
const variables: Readonly<Record<string, Variable>> = {
  remote_addr: { slot: 'address' },
  http_x_real_ip: { slot: 'address', rank: 1 },
  http_x_forwarded_for: { slot: 'address', rank: 2 },
  time_local: { slot: 'timeLocal', shape: 'local time' },
  time_iso8601: { slot: 'timeIso', shape: 'iso time' },
  msec: { slot: 'msec', shape: 'decimal' },
  request: { slot: 'request' },
  request_method: { slot: 'method' },
  request_uri: { slot: 'target', shape: 'path' },
  uri: { slot: 'target', rank: 1, shape: 'path' },
  document_uri: { slot: 'target', rank: 2, shape: 'path' },
  args: { slot: 'query' },
  query_string: { slot: 'query', rank: 1 },
  status: { slot: 'status', shape: 'integer' },
  body_bytes_sent: { slot: 'bytes', shape: 'integer' },
  bytes_sent: { slot: 'bytes', rank: 1, shape: 'integer' },
  http_referer: { slot: 'referrer' },
  http_user_agent: { slot: 'agent' },
  pid: { slot: 'pid', shape: 'integer' },
  connection: { slot: 'connection', shape: 'integer' },
  request_time: { slot: 'duration', shape: 'decimal' },
  connection_requests: { shape: 'integer' },
  connection_time: { shape: 'decimal' },
  content_length: { shape: 'integer' },
  remote_port: { shape: 'integer' },
  request_length: { shape: 'integer' },
  server_port: { shape: 'integer' },
  gzip_ratio: { shape: 'decimal' },
};

/** Names that people give to the keys of a JSON log, beside those of the variables themselves. */
const jsonNames: Readonly<Record<string, string>> = {
  ip: 'remote_addr',
  client: 'remote_addr',
  client_ip: 'remote_addr',
  clientip: 'remote_addr',
  remote_ip: 'remote_addr',
  time: 'time_iso8601',
  timestamp: 'time_iso8601',
  '@timestamp': 'time_iso8601',
  method: 'request_method',
  uri: 'request_uri',
  url: 'request_uri',
  path: 'request_uri',
  bytes: 'body_bytes_sent',
  size: 'body_bytes_sent',
  referer: 'http_referer',
  referrer: 'http_referer',
  http_referrer: 'http_referer',
  user_agent: 'http_user_agent',
  agent: 'http_user_agent',
  duration: 'request_time',
};

/** A field of a text line, and the literal that ends it. */
export interface Segment {
  readonly slot: SlotName | undefined;
  readonly shape: Shape;
  /** Empty: the next field follows at once, or the line ends. */
  readonly literal: string;
}

export interface TextFormat {
  readonly kind: 'text';
  readonly opening: string;
  readonly segments: readonly Segment[];
  readonly escaping: 'default' | 'json' | 'none';
}

/** Where each field is in an object: the names of the keys, from the outermost. The first that is there counts. */
export interface JsonFormat {
  readonly kind: 'json';
  readonly keys: readonly { readonly slot: SlotName; readonly path: readonly string[] }[];
}

export type LogFormat = TextFormat | JsonFormat;

/** Built into nginx: https://nginx.org/en/docs/http/ngx_http_log_module.html */
const combined =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"';

/** The sentence goes behind the name of the setting: "NGINX_LOG_FORMAT has no time: …". */
export class FormatError extends Error {
  override name = 'FormatError';
}

/**
 * `combined`, `json`, or an nginx `log_format`: its string alone, or the directive as it stands in nginx.conf.
 * @throws FormatError
 */
export function parseFormat(text: string): LogFormat {
  const trimmed = text.trim();
  if (trimmed === 'combined') return textFormat(combined, 'default');
  if (trimmed === 'json') return jsonFormat();
  const { template, escaping } = directive(trimmed);
  if (!template.includes('$'))
    throw new FormatError(`must be combined, json, or a log_format with $variables, but is "${text}"`);
  return template.trimStart().startsWith('{') ? jsonTemplate(template) : textFormat(template, escaping);
}

/** Takes off `log_format name escape=…`, and joins quoted pieces as nginx does. */
function directive(text: string): { template: string; escaping: TextFormat['escaping'] } {
  const [, head = '', escaping = 'default', rest = ''] =
    /^(log_format\s+\S+\s+)?(?:escape=(default|json|none)\s+)?([\s\S]*)$/.exec(text) ?? [];
  const pieces = /^\s*(?:'[^']*'\s*)+;?\s*$/.test(rest)
    ? [...rest.matchAll(/'([^']*)'/g)].map(([, piece]) => piece)
    : [];
  const template = pieces.length > 0 ? pieces.join('') : head === '' ? rest : rest.replace(/;\s*$/, '');
  return { template, escaping: escaping as TextFormat['escaping'] };
}

function textFormat(text: string, escaping: TextFormat['escaping']): TextFormat {
  const template = text.replace(/\$uri\$is_args\$(?:args|query_string)/g, '$request_uri');
  // Odd items are names of variables, even ones the literals between them.
  const parts = template.split(/\$(?:\{(\w+)\}|(\w+))/).filter(part => part !== undefined);
  const names = parts.filter((_, index) => index % 2 === 1);
  const [opening = '', ...literals] = parts.filter((_, index) => index % 2 === 0);
  const chosen = choose(names);
  const segments = names.map((name, index) => ({
    slot: chosen.get(name) === index ? variables[name]?.slot : undefined,
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
  demand(segments.map(({ slot }) => slot));
  return { kind: 'text', opening, segments, escaping };
}

/** For each slot, the variable that fills it best: its name and place. */
function choose(names: readonly string[]): Map<string, number> {
  const best = new Map<SlotName, { name: string; index: number; rank: number }>();
  for (const [index, name] of names.entries()) {
    const { slot, rank = 0 } = variables[name] ?? {};
    if (slot === undefined) continue;
    const other = best.get(slot);
    if (other === undefined || rank < other.rank) best.set(slot, { name, index, rank });
  }
  return new Map([...best.values()].map(({ name, index }) => [name, index]));
}

function jsonFormat(): JsonFormat {
  const names = [...Object.keys(variables).map(name => [name, name]), ...Object.entries(jsonNames)] as [
    string,
    string,
  ][];
  const keys = names.flatMap(([key, name]) => keyOf(name, [key]));
  return { kind: 'json', keys: keys.sort((a, b) => a.rank - b.rank) };
}

/** `{"at":"$time_iso8601","status":$status}`: which key holds which variable. */
function jsonTemplate(template: string): JsonFormat {
  let value: unknown;
  try {
    value = JSON.parse(quoted(template));
  } catch {
    throw new FormatError('begins like JSON, but is none once the variables are filled in');
  }
  const keys: (JsonFormat['keys'][number] & { rank: number })[] = [];
  const walk = (inner: unknown, path: readonly string[]): void => {
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner))
      for (const [key, next] of Object.entries(inner)) walk(next, [...path, key]);
    const name = typeof inner === 'string' ? /^\$\{?(\w+)\}?$/.exec(inner)?.[1] : undefined;
    if (name !== undefined) keys.push(...keyOf(name, path));
  };
  walk(value, []);
  demand(keys.map(({ slot }) => slot));
  return { kind: 'json', keys: keys.sort((a, b) => a.rank - b.rank) };
}

function keyOf(name: string, path: readonly string[]) {
  const { slot, rank = 0 } = variables[name] ?? {};
  return slot === undefined ? [] : [{ slot, path, rank }];
}

/** Puts quotes around the variables that stand outside of strings. */
function quoted(template: string): string {
  return template.replace(/"(?:[^"\\]|\\.)*"|\$(?:\{\w+\}|\w+)/g, part => (part.startsWith('"') ? part : `"${part}"`));
}

function demand(filled: readonly (SlotName | undefined)[]): void {
  if (!filled.some(slot => slot === 'timeLocal' || slot === 'timeIso' || slot === 'msec'))
    throw new FormatError('has no time: it needs $time_local, $time_iso8601 or $msec');
  if (!filled.some(slot => slot === 'request' || slot === 'target'))
    throw new FormatError('has no request: it needs $request or $request_uri');
}
