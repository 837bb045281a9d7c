import { fields } from '../../src/events/fields.js';
import type { Random } from '../helpers/random.js';

const hostileTexts = [
  '',
  ' ',
  '\u0000',
  '\r\nInjected: 1\r\n',
  '\n{"level":"fatal","msg":"forged"}\n',
  '\u001b[2J\u001b]0;title\u0007',
  '\ud800',
  '\udc00x\ud83d',
  '\ufeff',
  '\u2028\u2029\u0085',
  '\u202eevil\u202c',
  'e\u0301'.repeat(20),
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'; DROP TABLE events; --",
  'a,b=c d\\',
  'x" 1i\nevents,type=forged value=1 0',
  '\\',
  '\\"',
  '$where',
  '$(reboot)`id`',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as it is sent
  '${jndi:ldap://127.0.0.1/x}',
  '../../etc/passwd',
  '%00%0d%0aInjected:%201',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'NaN',
  '1e999',
  '-0',
  '9007199254740993',
  '0x10',
  'null',
  'undefined',
  '{{7*7}}',
  'someone@example.org',
  'https://user:password@example.org/?api_key=secret&token=abc#x',
  '\u{1f600}'.repeat(10),
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999Z',
  '2024-02-30T25:61:61',
];

const hostileNames = [
  ...['__proto__', 'constructor', 'prototype', 'toString', '', ' ', '.', 'a.b', '$set', '_id', 'created_at', 'time'],
  ...['event_id', '_field', '_bsontype', 'toJSON', 'length', '\u0000', '\ud800', 'na"me', 'na\\me', 'a=b,c d', 'then'],
  ...['_source', '_received', 'text', 'items', 'user_properties', 'ga_session', 'firebase_x', '\n'],
];

const hostileNumbers = [
  ...[0, -0, 1, -1, 0.1, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 2 ** 31, 2 ** 53, 2 ** 63, -(2 ** 63), 2 ** 64],
  ...borders([7, 8, 15, 16, 31, 32, 53, 63, 64, 127, 128]),
  ...[3.4028234663852886e38, 3.402823669209385e38, 1.17549435e-38, 1e-130, 6.5e63],
  ...[253_402_300_799_999, 253_402_300_800_000, 9_223_372_036_854, 1e15, 99_999_999_999],
];

/** Where types of numbers end, in AMQP, BSON, InfluxDB and SQLite: at powers of two, and one to either side. */
function borders(bits: readonly number[]): number[] {
  return bits.flatMap(count => [-1, 0, 1].flatMap(beside => [2 ** count + beside, beside - 2 ** count]));
}

/**
 * How a text is made on which a careless pattern goes back and forth: a beginning, what is
 * repeated, and what does not fit at the end.
 */
const worstPieces = [
  ...[['a@', '.', ' '] as const, ['', 'a', '@'] as const, ['a@', 'a.', '@'] as const, ['', ' ', 'x'] as const],
  ...[['', '\\', ''] as const, ['"', '\\"', ''] as const, ['', '(', ''] as const, ['Mozilla/5.0 ', '(', ''] as const],
  ...[
    ['', '%', ''] as const,
    ['/x?', '&key=', ''] as const,
    ['https://', 'a.', ' '] as const,
    ['amqp://', ':@', ''] as const,
  ],
  ...[['', '\n', ''] as const, ['', '\u0000', ''] as const, ['', 'e\u0301', ''] as const, ['', '\ud83d', ''] as const],
  ...[
    ['1', '0', 'x'] as const,
    ['', '-', '0'] as const,
    ['', '/..', ''] as const,
    ['', ',=', ' '] as const,
    ['$', '$', ''] as const,
  ],
  ...[
    ['{"a":', '[', ''] as const,
    ['Bearer ', 'a-', ' '] as const,
    ['', '\u001b[', 'm'] as const,
    ['Fri, ', '0 ', ''] as const,
  ],
] as const;

/** About that many characters. */
export function worstText(random: Random, length: number): string {
  const [start, piece, end] = random.pick(worstPieces);
  return start + piece.repeat(Math.max(1, Math.floor(length / piece.length))) + end;
}

/** A text that somebody might send to do harm, or only a strange one. */
export function text(random: Random): string {
  const kind = random.integer(1, 300);
  if (kind === 1) return random.pick(hostileTexts).repeat(random.integer(1, 300));
  if (kind === 2)
    return random.pick(['x', 'ä', '\u{1f600}', '\u0000', '"', '\\', ' ']).repeat(random.integer(1, 5_000));
  if (kind <= 60) return characters(random, random.integer(0, 20));
  if (kind <= 100) return random.pick(hostileTexts) + random.pick(hostileTexts);
  return random.pick(hostileTexts);
}

/** Any UTF-16 units, halves of surrogate pairs too. */
function characters(random: Random, count: number): string {
  const tops = [0x7f, 0x7ff, 0xffff] as const;
  return Array.from({ length: count }, () => String.fromCharCode(random.integer(0, random.pick(tops)))).join('');
}

export function number(random: Random): number {
  return random.chance(0.6) ? random.pick(hostileNumbers) : random.between(-1e6, 1e6);
}

/** Any JSON value. */
export function value(random: Random, depth = 0): unknown {
  const kind = random.integer(1, depth > 2 ? 6 : 10);
  if (kind <= 3) return text(random);
  if (kind === 4) return number(random);
  if (kind === 5) return random.chance(0.5);
  if (kind === 6) return null;
  if (kind === 7) return random.chance(0.2) ? nested(random) : [];
  const count = random.integer(0, 5);
  if (kind === 8) return Array.from({ length: count }, () => value(random, depth + 1));
  return record(Array.from({ length: count }, () => [name(random), value(random, depth + 1)]));
}

function nested(random: Random): unknown {
  let inner: unknown = 1;
  for (let level = random.pick([5, 39, 41, 101]); level > 0; level -= 1) {
    inner = random.chance(0.5) ? [inner] : { a: inner };
  }
  return inner;
}

export const knownNames = Object.keys(fields);

export function name(random: Random): string {
  if (random.chance(0.4)) return random.pick(knownNames);
  return random.chance(0.6) ? random.pick(hostileNames) : text(random);
}

const categories = ['upload', 'page_view', 'resource_download', 'health', 'connections', 'extraction_status', 'delete'];

/** Something like an event: mostly an object with a category, now and then with hundreds of fields. */
export function event(random: Random): unknown {
  if (random.chance(0.05)) return value(random);
  const count = random.chance(0.002) ? random.integer(200, 400) : random.integer(0, 8);
  const entries = Array.from({ length: count }, (): [string, unknown] => [name(random), value(random)]);
  if (random.chance(0.95)) entries.push(['category', random.chance(0.7) ? random.pick(categories) : text(random)]);
  if (random.chance(0.3)) entries.push(['type', random.chance(0.5) ? 'file' : value(random)]);
  if (random.chance(0.3)) entries.push(['created', random.chance(0.6) ? number(random) : text(random)]);
  if (random.chance(0.2)) entries.push(['id', random.chance(0.6) ? `id-${random.integer(1, 1_000)}` : value(random)]);
  return record(entries);
}

/** Own properties of every name, `__proto__` too. */
function record(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(entries);
}

/** JSON text, most of it whole; as programs write it, and as JSON.stringify never would. */
export function jsonText(random: Random, content: unknown): string {
  const whole = JSON.stringify(content) ?? '';
  const kind = random.integer(1, 60);
  if (kind === 1) return whole.slice(0, random.integer(0, whole.length));
  if (kind === 2) return mutated(random, whole);
  if (kind === 3) return `\ufeff${whole}`;
  if (kind === 4) return whole.replace(/\d+/, '1e999');
  if (kind === 5) return whole.replace(/\d+/, '9'.repeat(random.pick([20, 400])));
  if (kind === 6) return whole.replace(/}$/, ',"category":"twice","category":"thrice"}');
  if (kind === 7) return random.pick(['[', '{"a":']).repeat(random.chance(0.05) ? 100_000 : 200);
  if (kind === 8) return whole.replaceAll(/[,:]/g, found => `${found}\n\t `);
  return whole;
}

/** A few characters changed, left out or put in. */
export function mutated(random: Random, whole: string): string {
  let changed = whole;
  for (let times = random.integer(1, 4); times > 0; times -= 1) {
    const at = random.integer(0, changed.length);
    changed =
      changed.slice(0, at) +
      random.pick(['', text(random), '"', '}', ',', '\\']) +
      changed.slice(at + random.integer(0, 2));
  }
  return changed;
}

export function bytes(random: Random, count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, () => random.integer(0, 255)));
}
