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
 * `user_properties` as Amplitude's SDKs write them, plain or in operations, and `age`. Undefined when the event says
 * nothing of its user.
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
  const isPlain = (name: string): boolean => !operations.has(name);
  add('$set', among(stated, isPlain));
  for (const operation of operations) add(operation, asFields(stated[operation]));
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

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function among(fields: Fields, isWanted: (name: string) => boolean): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => isWanted(name)));
}
