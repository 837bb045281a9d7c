import { isDeepStrictEqual } from 'node:util';
import * as assert from 'uvu/assert';
import type { Expected } from './check.js';
import type { Everywhere } from './sinks.js';
import type { Place, Places, Row } from './table.js';

type Values = Readonly<Record<string, unknown>>;

/** What every event may have, whatever it says. */
const always = {
  local: ['id', 'created', 'category', 'type', '_source', '_received'],
  mongodb: ['_id', 'created', 'created_at', 'category', 'type'],
  influxdb: ['time', 'event_id', 'category', 'type', 'bytes', 'item_count'],
  amplitude: [
    ...['event_type', 'time', 'insert_id', 'device_id', 'library'],
    ...['category', 'type', 'bytes', 'item_count'].map(name => `event_properties.${name}`),
  ],
  ga4: [
    ...['client_id', 'event.name'],
    ...['event_id', 'session_id', 'engagement_time_msec', 'category', 'type', 'bytes', 'item_count'].map(
      name => `event.params.${name}`,
    ),
  ],
};
const maxParameters = 25;

/** What the agent of people's requests says, as the sinks get it. */
const facts = new Set(['Linux', 'x86_64', 'Web', 'Firefox', '128.0', 'desktop']);

/**
 * Asserts that the event has exactly the fields of its row, with these values, and that each sink has them where the
 * table of fields says, and nothing else.
 */
export function holds(row: Row, expected: Expected, found: Everywhere, places: ReadonlyMap<string, Places>): void {
  const { local, mongodb, amplitude, ga4 } = found;
  const fields = without(local, always.local);
  assert.is(local._source, expected.source);
  assert.ok(Math.abs(local.created - (expected.created ?? Date.now())) < 120_000, 'the time when it happened');
  if (!row.more) assert.equal(Object.keys(fields).sort(), [...row.fields].sort(), 'the fields of the row');
  assert.equal(Object.keys(expected.values).sort(), [...row.fields].sort(), 'a value for each field of the row');
  for (const [name, value] of Object.entries(expected.values))
    assert.ok(meets(fields[name], value), `${name}: ${JSON.stringify(fields[name])}`);
  assert.equal(without(mongodb, always.mongodb), fields, 'MongoDB');
  const { name, time, params } = { ...ga4.event, time: mongodb.created };
  assert.equal([time, amplitude.time], [local.created, local.created]);
  assert.equal([amplitude.event_type, name], [row.amplitude, row.ga4]);
  const full = Object.keys(params).length === maxParameters;
  for (const sink of ['influxdb', 'amplitude', 'ga4'] as const)
    standAt(sink, row, fields, found[sink], places, sink === 'ga4' && full);
}

/** @param full the sink takes no more: what does not come first is missing */
function standAt(
  sink: keyof Places,
  row: Row,
  fields: Values,
  whole: Values,
  places: ReadonlyMap<string, Places>,
  full: boolean,
): void {
  const there = new Map(leaves(whole).filter(([, value]) => value !== null));
  const allowed = new Set<string>(always[sink]);
  for (const field of row.fields) {
    const what = `${field} at ${sink}`;
    const place = places.get(field)?.[sink];
    assert.ok(place, `${what} in the table of fields`);
    const text = String(fields[field]);
    const found = place.paths.filter(path => there.has(path));
    if (place.paths.length === 0) assert.not.ok(JSON.stringify(whole).includes(text), `${what}: not sent`);
    // A program says nothing of a device.
    else if (!full && (place.as !== 'words' || text.startsWith('Mozilla/')))
      assert.ok(found.length > 0, `${what}, which has ${JSON.stringify(whole)}`);
    for (const path of found)
      assert.ok(stands(place, there.get(path), fields[field]), `${what}: ${JSON.stringify(there.get(path))}`);
    for (const path of place.paths) allowed.add(path);
  }
  const others = [...there.keys()].filter(path => !allowed.has(path));
  if (!row.more) assert.equal(others, [], `more at ${sink} than the table says`);
}

function meets(value: unknown, expected: unknown): boolean {
  if (typeof expected === 'function') return expected(value);
  if (expected instanceof RegExp) return expected.test(String(value ?? ''));
  return isDeepStrictEqual(value, expected);
}

/** As the page says: nested values are JSON text, InfluxDB takes no line breaks, Google Analytics no long texts. */
function stands({ as }: Place, value: unknown, original: unknown): boolean {
  const there = String(value);
  const text = typeof original === 'object' ? JSON.stringify(original) : String(original);
  if (as === 'pseudonym') return /^user-[0-9a-f]{16}$/.test(there);
  if (as === 'hash') return /^[\d.]{8,}$|^visitor-[0-9a-f]{16}$/.test(there) && (there !== text || /^\d+$/.test(text));
  if (as === 'property') return Object.values(original as object).includes(value);
  if (as === 'words') return facts.has(there);
  return there === text || there === text.replaceAll('\n', '\\n') || (there.length >= 100 && text.startsWith(there));
}

function without(all: Values, names: readonly string[]): Values {
  return Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)));
}

function leaves(value: unknown, path = ''): [path: string, value: unknown][] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, path === '' ? name : `${path}.${name}`));
}
