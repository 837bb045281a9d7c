import { isDeepStrictEqual } from 'node:util';
import type { Event, Fields } from '../events/event.js';
import type { Message } from '../events/message.js';
import type { PersonalLevel } from '../people/personal-data.js';
import type { ExplainedEvent, PersonalChanges } from './explanation.js';

export function explained({ sinks }: Pick<Message, 'sinks'>, event: Event): ExplainedEvent {
  const { id, created, category, type, source, text } = event;
  return {
    ...{ id, created, category, type: type ?? null, source, sinks: sinks ?? null, fields: event.exact ?? event.fields },
    ...(text === undefined ? {} : { text }),
  };
}

/** What became of the fields on the way to the sink, apart from what was added to them from elsewhere. */
export function personalChanges(
  level: PersonalLevel,
  before: Event,
  after: Event,
): { readonly personal?: PersonalChanges } {
  if (level === 'full') return {};
  if (before.text !== undefined)
    return before.text === after.text ? {} : { personal: { level, left_out: [], replaced: ['text'], added: [] } };
  const known = after.context ?? {};
  const personal = { level, ...difference(before.fields, after.fields, name => Object.hasOwn(known, name)) };
  const count = personal.left_out.length + personal.replaced.length + personal.added.length;
  return count === 0 ? {} : { personal };
}

function difference(before: Fields, after: Fields, isKnown: (name: string) => boolean) {
  const names = Object.keys(before);
  return {
    left_out: names.filter(name => !Object.hasOwn(after, name)),
    replaced: names.filter(name => Object.hasOwn(after, name) && !isDeepStrictEqual(before[name], after[name])),
    added: Object.keys(after).filter(name => !Object.hasOwn(before, name) && !isKnown(name)),
  };
}
