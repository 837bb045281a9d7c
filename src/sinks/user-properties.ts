import type { Event, Fields } from '../events/event.js';
import { type Scalar, scalars } from './people.js';

/** What an event says of its user beside who it is, by Amplitude's operations. */
export type UserProperties = Readonly<Record<string, Readonly<Record<string, Scalar>>>>;

/** Amplitude's operations on the properties of a user (HTTP V2 API, "User properties"). */
const operations: ReadonlySet<string> = new Set([
  ...['$set', '$setOnce', '$add', '$append', '$prepend', '$unset', '$preInsert', '$postInsert', '$remove'],
]);

/** Fields that are properties of the user wherever they stand. */
const ownFields = ['age'];

/**
 * `user_properties` as Amplitude's SDKs write them, plain or in operations (from a page without their dollar, see
 * browser/wire-event.ts), and `age`. Undefined when the event says nothing of its user.
 */
export function userProperties({ fields, exact }: Pick<Event, 'fields' | 'exact'>): UserProperties | undefined {
  const source = exact ?? fields;
  if (source.user_properties === undefined && ownFields.every(name => source[name] === undefined)) return undefined;
  const stated = asFields(source.user_properties);
  const known: Record<string, Record<string, Scalar>> = {};
  const add = (operation: string, values: Fields): void => {
    const added = Object.fromEntries(scalars(values));
    if (Object.keys(added).length > 0) known[operation] = { ...known[operation], ...added };
  };
  add(
    '$set',
    among(stated, name => operationOf(name, stated[name]) === undefined),
  );
  for (const [name, value] of Object.entries(stated)) {
    const operation = operationOf(name, value);
    if (operation !== undefined) add(operation, asFields(value));
  }
  add(
    '$set',
    among(source, name => ownFields.includes(name)),
  );
  return Object.keys(known).length === 0 ? undefined : known;
}

/** Whether a field is sent as properties of the user, and so not with the event. */
export function isOfUser(name: string, value: unknown): boolean {
  return ownFields.includes(name) || (name === 'user_properties' && typeof value === 'object');
}

/** A property of the user may be called `set`, too: it holds no properties then. */
function operationOf(name: string, value: unknown): string | undefined {
  if (operations.has(name)) return name;
  const operation = `$${name}`;
  return operations.has(operation) && Object.keys(asFields(value)).length > 0 ? operation : undefined;
}

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function among(fields: Fields, isWanted: (name: string) => boolean): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => isWanted(name)));
}
