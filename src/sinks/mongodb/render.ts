import { ExactNumber } from '../../events/digits.js';
import type { Event } from '../../events/event.js';
import { Notes, type Noting } from '../rendering.js';
import type { Render } from '../sink.js';
import { reserved, type StoredDocument, toDocument } from './document.js';
import type { Driver } from './fault.js';
import { flawOf } from './flaw.js';
import { numberStore, type StoreNumber } from './numbers.js';

/** The document of an event, or why MongoDB could not keep it. */
export function documentOf(
  event: Event,
  storeNumber: StoreNumber,
  { BSON }: Pick<Driver, 'BSON'>,
): { readonly document: StoredDocument } | { readonly refused: string } {
  const document = toDocument(event, storeNumber);
  const refused = flawOf(document, BSON.calculateObjectSize);
  return refused === undefined ? { document } : { refused };
}

/**
 * Through BSON, as on the wire: what the driver turns into something else shows.
 * @param decimals false for a server that takes no Decimal128: see numbers.ts
 */
export async function renderer(decimals = true): Promise<Render> {
  const driver = await import('mongodb');
  const { BSON } = driver;
  const storeNumber = numberStore(driver, decimals);
  return event => {
    const made = documentOf(event, storeNumber, driver);
    if ('refused' in made) return made;
    const notes = new Notes();
    noteChanges(event, notes.add);
    const document = extendedJson(BSON.deserialize(BSON.serialize(made.document)), driver);
    return { output: { document }, notes: notes.all };
  };
}

/** Extended JSON that people can read: marks stand only where JSON has no word, and no digit is lost. */
export function extendedJson(value: unknown, { Long, Decimal128 }: Pick<Driver, 'Long' | 'Decimal128'>): unknown {
  if (value instanceof Date) return { $date: value.toISOString() };
  if (value instanceof Long) return { $numberLong: value.toString() };
  if (value instanceof Decimal128) return { $numberDecimal: value.toString() };
  if (Array.isArray(value)) return value.map(inner => extendedJson(inner, { Long, Decimal128 }));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, inner]) => [name, extendedJson(inner, { Long, Decimal128 })]);
  return Object.fromEntries(members);
}

function noteChanges({ fields, exact, text }: Event, add: Noting): void {
  if (text !== undefined) return add('not a JSON object: kept as text, in `message`');
  for (const name of reserved) {
    if (Object.hasOwn(fields, name)) add(`kept as ${name}_original: the name is the sink's own`, name);
  }
  for (const [name, value] of Object.entries(exact ?? {})) {
    if (value instanceof ExactNumber) add('a number beyond a double: kept as Long or Decimal128, else as text', name);
  }
}
