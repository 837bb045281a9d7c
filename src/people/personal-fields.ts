import { type Field, fields as knownFields, type PersonalKind } from '../events/fields.js';

/** How a field is judged: by its own name, and by what it stands in. */
export interface FieldPlace {
  /** What of a person its value is. */
  readonly kind?: PersonalKind;
  /** Its value is a person: `creator: {name, id}`, or `creator: 'Ada Example'`. */
  readonly person: boolean;
  /** Its members are what is known of a person, and so are theirs: `user_properties: {$set: {name}}`. */
  readonly ofPerson: boolean;
  /** Four numbers with dots between them are a version there, or the address of a service. */
  readonly keepsAddresses: boolean;
}

/** What an event is rather than what it says. */
export const untouched: ReadonlySet<string> = new Set(['id', 'category', 'type', 'created']);

const people = [
  ...['user', 'author', 'creator', 'owner', 'uploader', 'contributor', 'person', 'viewer', 'editor', 'submitter'],
  ...['requester', 'member', 'contact'],
];
const partsOfNames = ['first', 'last', 'given', 'family', 'full', 'display', 'real', 'nick'];

/** Fields that the catalogue does not know are judged by the last words of their name, written as one. */
const kindsByEnd: ReadonlyMap<string, PersonalKind> = new Map([
  ...ends('name', [...people, ...partsOfNames], ['name', 'names']),
  ...ends('mail', ['', 'e'], ['mail', 'mails', 'mailaddress', 'mailaddresses']),
  ...ends('id', people, ['id', 'ids', 'uuid', 'uuids']),
  ...ends('id', [''], ['orcid', 'orcids']),
  ...ends('address', ['', 'client', 'remote'], ['ip', 'ips', 'ipaddr', 'ipaddress']),
  ...ends('address', ['remote', 'client'], ['addr', 'address']),
  ...ends('address', ['forwarded'], ['for']),
  ...ends('agent', ['user'], ['agent']),
]);
/** Names within a person. */
const kindsInPerson: ReadonlyMap<string, PersonalKind> = new Map([
  ['id', 'id'],
  ['uuid', 'id'],
  ['name', 'name'],
  ['login', 'name'],
]);
const personEnds = new Set(people.flatMap(one => [one, `${one}s`]).concat('people'));
const addressesKept = new Set(['version', 'target', 'agent']);

/** What an SDK does to the properties of a user; from a page, without the dollar (browser/wire-event.ts). */
const operation = /^\$?(?:set|setOnce|add|append|prepend|unset|preInsert|postInsert|remove)$/;

/** Longer than the longest of them. */
const maxNameEnd = 40;

/** The catalogue says what its own fields hold. */
const knownPlaces: ReadonlyMap<string, FieldPlace> = new Map(
  Object.entries<Field>(knownFields).map(([name, { personal: kind }]) => [
    name,
    {
      ...(kind === undefined ? {} : { kind }),
      person: false,
      ofPerson: false,
      keepsAddresses: addressesKept.has(lastWord(name)),
    },
  ]),
);

/** @param outer the place of the object that it stands in, if it is nested */
export function placeOf(field: string, outer?: FieldPlace): FieldPlace {
  const known = outer === undefined ? knownPlaces.get(field) : undefined;
  if (known !== undefined) return known;
  const words = wordsOf(field);
  const last = words.at(-1) ?? '';
  const two = `${words.at(-2) ?? ''}${last}`;
  const kind =
    kindsByEnd.get(two) ??
    kindsByEnd.get(last) ??
    (outer?.ofPerson === true ? kindsInPerson.get(last) : undefined) ??
    outer?.kind;
  const person = kind === undefined && personEnds.has(last);
  return {
    ...(kind === undefined ? {} : { kind }),
    person,
    ofPerson: person || two === 'userproperties' || (outer?.ofPerson === true && operation.test(field)),
    keepsAddresses: addressesKept.has(last) || outer?.keepsAddresses === true,
  };
}

/** Words of a name that say what it is of a person, not whose. */
const kindWords = new Set([
  ...['id', 'ids', 'uuid', 'uuids', 'orcid', 'orcids', 'name', 'names', 'mail', 'mails', 'e', 'email', 'emails'],
  ...['address', 'addresses', 'login', ...partsOfNames],
]);

/** Whose field it is, by its name: `author` for `author_id` and `author_full_name`; '' = the name does not say it. */
export function ownerOf(field: string): string {
  const words = wordsOf(field);
  while (kindWords.has(words.at(-1) ?? '')) words.pop();
  return words.join('_');
}

/** Whether it says who did it: `user_id`, `user_properties`. */
export function isOfUser(field: string): boolean {
  return wordsOf(field)[0] === 'user';
}

function wordsOf(field: string): string[] {
  return field
    .slice(-maxNameEnd)
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]/)
    .filter(word => word !== '');
}

function lastWord(name: string): string {
  return name.slice(name.lastIndexOf('_') + 1);
}

function ends(kind: PersonalKind, first: readonly string[], last: readonly string[]): [string, PersonalKind][] {
  return first.flatMap(one => last.map((other): [string, PersonalKind] => [one + other, kind]));
}
