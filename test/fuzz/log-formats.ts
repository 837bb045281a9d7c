import { createParser } from '../../src/nginx/lines/create-parser.js';
import { parseFormat } from '../../src/nginx/lines/format.js';
import { type SlotName, slots } from '../../src/nginx/lines/slots.js';
import type { Random } from '../helpers/random.js';
import { demand } from './problem.js';

type Escaping = 'default' | 'json' | 'none';

/** A value as the variable has it, before it is escaped; undefined = it has none. */
type Values = Readonly<Record<string, string | undefined>>;

/**
 * Pieces of a format, each with variables whose values only the grammar of nginx tells from what stands beside them.
 */
const pieces = [
  '$remote_addr:$remote_port',
  '[$time_local]',
  '"$request"',
  '$status',
  '$body_bytes_sent',
  '$upstream_response_time $request_time',
  '$upstream_addr $upstream_status',
  '"$http_user_agent"',
  '"$http_referer"',
  '$gzip_ratio $content_length $connection_requests',
];
const needed = new Set([0, 1, 2, 3]);

/** What each of these variables is read for. */
const slotOf: Readonly<Record<string, SlotName>> = {
  remote_addr: 'address',
  time_local: 'timeLocal',
  request: 'request',
  status: 'status',
  body_bytes_sent: 'bytes',
  request_time: 'duration',
  http_user_agent: 'agent',
  http_referer: 'referrer',
};

/**
 * Any format of these pieces, in any order, with any escaping, as text and as objects:
 * every value comes out as it went in.
 */
export function fuzzLogFormats(random: Random): void {
  const escaping = random.pick<Escaping>(['default', 'json', 'none']);
  const values = draw(random, escaping);
  const asObject = random.chance(0.4);
  const template = asObject ? objectTemplate(random) : textTemplate(random);
  // Where a template of JSON does not say, its lines show it.
  const unsaid = escaping === 'default' && random.chance(0.5);
  const format = parseFormat(unsaid ? template : `log_format fuzzed escape=${escaping} '${template}';`);
  const line = template.replaceAll(/\$(\w+)/g, (_whole, name: string) => written(values[name], escaping));
  const input = `${template}\n${line}`;
  const parser = createParser(format);
  const bytes = Buffer.from(line);
  const buffer = Buffer.concat([Buffer.from('before\n'), bytes, Buffer.from('\nafter')]);
  demand(parser.parse(buffer, 7, 7 + bytes.length), `a line of its own format is not understood (${escaping})`, input);
  for (const [name, slot] of Object.entries(slotOf)) {
    if (!template.includes(`$${name}`)) continue;
    const found = parser.text(slots[slot]);
    // What is nobody's address may end at its first colon.
    if (name === 'remote_addr' && values[name] === 'unix:' && found === 'unix') continue;
    const expected = values[name] === '' ? undefined : values[name];
    demand(found === expected, `$${name} (${escaping}) is ${found}, not ${expected}`, input);
  }
}

function textTemplate(random: Random): string {
  return shuffled(
    random,
    pieces.filter((_, index) => needed.has(index) || random.chance(0.5)),
  ).join(random.pick([' ', ' - ', '\t']));
}

/** Values in quotes and without, as people write them. */
function objectTemplate(random: Random): string {
  const names = ['remote_addr', 'time_local', 'request', 'http_user_agent', 'http_referer', 'upstream_response_time'];
  const bare = ['status', 'request_time', 'body_bytes_sent', 'content_length', 'gzip_ratio', 'upstream_status'];
  const members = [
    ...names.map(name => `"${name}":"$${name}"`),
    ...bare.map(name => `"${name}":${random.chance(0.7) ? `$${name}` : `"$${name}"`}`),
  ];
  return `{${shuffled(random, members).join(random.pick([',', ', ']))}}`;
}

function shuffled<Item>(random: Random, items: readonly Item[]): Item[] {
  return items
    .map(item => [random.next(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}

function draw(random: Random, escaping: Escaping): Values {
  const unix = random.chance(0.1);
  const seconds = (): string => random.between(0, 9).toFixed(3);
  const maybe = (value: string): string | undefined => (random.chance(0.3) ? undefined : value);
  const address = random.pick(['203.0.113.7', '2001:db8::1:2', '::ffff:203.0.113.7', '::1']);
  const servers = Array.from({ length: random.integer(0, 3) }, () => random.pick([', ', ' : ']));
  const list = (item: () => string): string | undefined =>
    servers.length === 0
      ? undefined
      : servers.map((joint, index) => `${index === 0 ? '' : joint}${random.chance(0.2) ? '-' : item()}`).join('');
  const two = (max: number): string => String(random.integer(1, max)).padStart(2, '0');
  return {
    remote_addr: unix ? 'unix:' : address,
    remote_port: unix ? undefined : String(random.integer(1, 65_535)),
    time_local: `${two(28)}/${random.pick(['Jan', 'Nov'])}/2026:${two(23)}:${two(59)}:${two(59)} ${random.pick(['+0000', '-0930'])}`,
    request: `${random.pick(['GET', 'POST', 'PROPFIND'])} /${free(random, escaping)} HTTP/${random.pick(['1.1', '2.0'])}`,
    status: String(random.integer(100, 599)),
    body_bytes_sent: String(random.integer(0, 1e9)),
    request_time: seconds(),
    upstream_response_time: list(seconds),
    upstream_status: list(() => '502'),
    upstream_addr: list(() => random.pick(['10.0.0.1:9000', '[fd00::1]:80', 'unix:/run/x.sock'])),
    http_user_agent: maybe(`a${free(random, escaping)}`),
    http_referer: maybe(`r${free(random, escaping)}`),
    gzip_ratio: maybe(random.between(1, 9).toFixed(2)),
    content_length: maybe(String(random.integer(0, 1e6))),
    connection_requests: String(random.integer(1, 99)),
  };
}

/** What somebody sends to be taken for the fields behind it; a quote looks like the end where nothing is escaped. */
function free(random: Random, escaping: Escaping): string {
  const parts = ['x', ' ', ' - ', '] ', ' 200 512 ', '-', '[05/Mar/2024', 'ä', '\\', "'", ', ', ' : ', '0.1', ':', '}'];
  const escaped = ['"', '\\x22', '" 404 0 "', '","status":999,"', '\u0001', '\t', '😀'];
  const from = escaping === 'none' ? parts.filter(part => part !== '\\') : [...parts, ...escaped];
  return `${Array.from({ length: random.integer(0, 6) }, () => random.pick(from)).join('')}.`;
}

/** As nginx writes it: https://nginx.org/en/docs/http/ngx_http_log_module.html */
function written(value: string | undefined, escaping: Escaping): string {
  if (value === undefined) return escaping === 'default' ? '-' : '';
  if (escaping === 'none') return value;
  if (escaping === 'json') return JSON.stringify(value).slice(1, -1);
  return [...Buffer.from(value)]
    .map(byte =>
      byte < 32 || byte > 126 || byte === 0x22 || byte === 0x5c
        ? `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`
        : String.fromCharCode(byte),
    )
    .join('');
}
