import { BSON, Decimal128, Long } from 'mongodb';
import { decode } from '../../src/events/decode.js';
import type { Event } from '../../src/events/event.js';
import { parseTimestamp } from '../../src/events/timestamp.js';
import { measurementText } from '../../src/sinks/influxdb/line-protocol.js';
import { lineOf, type Schema, seriesOf } from '../../src/sinks/influxdb/point.js';
import { FieldTypes } from '../../src/sinks/influxdb/types.js';
import { toDocument } from '../../src/sinks/mongodb/document.js';
import { numberStore } from '../../src/sinks/mongodb/numbers.js';
import { parseLine } from '../helpers/line-protocol.js';
import type { Random } from '../helpers/random.js';
import { demand } from './problem.js';

const schema: Schema = { measurement: measurementText('events'), tags: new Set(['category']) };
const storeNumber = numberStore({ Long, Decimal128 }, true);
const storeText = numberStore({ Long, Decimal128 }, false);

/**
 * A number of any length keeps its value in every destination that can hold it, and its digits as text in all others.
 */
export function fuzzDigits(random: Random): void {
  const digits = numberText(random);
  // `bytes` is a count in the catalogue, the other is nobody's.
  const name = random.pick(['bytes', 'probe']);
  const space = random.pick(['', ' ', '\n\t']);
  const body = `{"category":"x","created":1700000000000,"${name}":${space}${digits},"deep":{"list":[1,${digits}]}}`;
  const decoded = decode({ id: 'probe', body, source: 'http', received: 1_700_000_000_000 });
  demand(decoded.kind === 'event', 'a number makes it no event', body);
  if (decoded.kind !== 'event') return;
  inMongodb(decoded.event, name, digits, body);
  inInfluxdb(decoded.event, name, digits, body);
}

function inMongodb(event: Event, name: string, digits: string, body: string): void {
  for (const store of [storeNumber, storeText]) {
    const document = toDocument(event, store) as Record<string, unknown>;
    const options = { promoteLongs: false, promoteValues: true };
    const stored = BSON.deserialize(BSON.serialize(document), options) as Record<string, unknown>;
    const deep = (stored.deep as { list: unknown[] }).list[1];
    for (const value of [stored[name], deep]) {
      const kept = value instanceof BSON.Long || value instanceof BSON.Decimal128 ? value.toString() : value;
      demand(equal(kept, digits), `MongoDB has ${kept} for ${digits}`, body);
    }
  }
}

function inInfluxdb(event: Event, name: string, digits: string, body: string): void {
  const { fields } = parseLine(lineOf(event, seriesOf(event, schema), 7, schema, new FieldTypes()));
  // A fraction does not fit the field of a count.
  const number = fields[name]?.value ?? fields[`${name}_float`]?.value;
  const text = fields[`${name}_text`]?.value;
  demand(number !== undefined || text !== undefined, `InfluxDB has nothing for ${digits}`, body);
  if (text !== undefined) demand(text === digits, `InfluxDB has the text ${text} for ${digits}`, body);
  else demand(equal(number, digits), `InfluxDB has ${number} for ${digits}`, body);
}

/** A text has all digits; a double is what was written when it is written so, whole numbers to their last digit. */
function equal(kept: unknown, digits: string): boolean {
  if (typeof kept === 'string' && kept === digits) return true;
  if (typeof kept === 'number' && /^-?\d+$/.test(digits)) return BigInt(kept) === BigInt(digits);
  // Written with an exponent, a double of many digits is that double.
  if (typeof kept === 'bigint' && /e/i.test(digits) && Number(kept) === Number(digits)) return true;
  return normal(String(kept)) === normal(digits);
}

/** Sign, digits without zeros at either end, and a power of ten. */
function normal(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(text) ?? [];
  const all = `${whole}${fraction}`;
  const first = all.search(/[1-9]/);
  if (first === -1) return 'zero';
  const significant = all.slice(first).replace(/0+$/, '');
  const power = Number(exponent) - fraction.length + (all.length - first - significant.length);
  return `${sign}${significant}e${power}`;
}

function numberText(random: Random): string {
  const run = (max: number): string =>
    Array.from({ length: random.integer(1, max) }, () => random.integer(0, 9)).join('');
  const whole = random.pick(['0', '9007199254740993', '1524831183200260097', `${random.integer(1, 9)}${run(40)}`]);
  const near = String(
    2n ** BigInt(random.pick([7, 8, 15, 16, 31, 32, 53, 63, 64, 113, 127])) + BigInt(random.integer(-2, 2)),
  );
  const fraction = random.chance(0.4) ? `.${run(random.pick([3, 20, 40]))}` : '';
  const exponent = random.chance(0.2) ? `${random.pick(['e', 'E'])}${random.pick(['', '+', '-'])}${run(2)}` : '';
  return `${random.chance(0.3) ? '-' : ''}${random.chance(0.3) ? near : whole}${fraction}${exponent}`;
}

/** One moment is the same number of ms in each of its spellings. */
export function fuzzTimes(random: Random): void {
  const at = random.integer(0, 253_402_300_799) * 1_000 + random.integer(0, 999);
  const hours = random.integer(-12, 14);
  const minutes = random.pick([0, 0, 30, 45]) * Math.sign(hours || 1);
  const local = new Date(at + (hours * 60 + minutes) * 60_000);
  if (local.getUTCFullYear() > 9_999 || local.getTime() < 0) return;
  const two = (value: number): string => String(Math.abs(value)).padStart(2, '0');
  const sign = hours < 0 ? '-' : '+';
  const zones = [`${two(hours)}:${two(minutes)}`, `${two(hours)}${two(minutes)}`];
  if (minutes === 0) zones.push(two(hours));
  const [date = '', rest = ''] = local.toISOString().split('T');
  const [clock = '', fraction = ''] = rest.slice(0, -1).split('.');
  const digits = random.pick([fraction, `${fraction}000`, `${fraction}400000`]);
  const text = `${date}${random.pick(['T', ' '])}${clock}${random.pick(['.', ','])}${digits}${sign}${random.pick(zones)}`;
  demand(parseTimestamp(text) === at, `${parseTimestamp(text)} for ${at}`, text);
  // Later ones could be μs.
  if (at > 100_000_000_000 && at < 10_000_000_000_000) demand(parseTimestamp(at) === at, 'a time in ms', String(at));
}
