import { dayOf, written } from '../../calendar.js';
import { stringifyExact } from '../../events/digits.js';
import type { Event } from '../../events/event.js';
import { memberTexts } from '../../events/json-text.js';
import { parseTimestamp } from '../../events/timestamp.js';

/** The day of UTC that an event belongs to, by its own time: `2026-03-15`. */
export function dayOfEvent({ created }: Pick<Event, 'created'>): string {
  return written(dayOf(created));
}

/**
 * An event as a line of JSON: its id first, the members of its body to the letter, and behind them where it came from
 * and when. What the body does not say of category and time is added, so that a line can be read by itself.
 */
export function lineOf(event: Event): string {
  const members = memberTexts(event.body ?? textOf(event));
  const id = members.get('id');
  members.delete('id');
  if (id !== undefined && JSON.parse(id) !== event.id) members.set('id_original', id);
  members.delete('_source');
  members.delete('_received');
  if (!members.has('category')) members.set('category', JSON.stringify(event.category));
  if (parseTimestamp(event.fields.created) !== event.created) members.set('created', String(event.created));
  let text = `{"id":${JSON.stringify(event.id)}`;
  // Outside of strings, line breaks are white space; within one, JSON has none.
  for (const [name, value] of members) text += `,${JSON.stringify(name)}:${value.replace(/[\r\n]+/g, ' ')}`;
  return `${text},"_source":${JSON.stringify(event.source)},"_received":${event.received}}`;
}

/** Undefined: the line is no event. */
export function idOf(line: string): string | undefined {
  const [, quoted] = /^\{"id":("(?:[^"\\]|\\.){1,256}")/.exec(line) ?? [];
  try {
    const id = quoted === undefined ? JSON.parse(line)?.id : JSON.parse(quoted);
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}

/** What was received, as far as the sink may have it: what is only known beside an event is found again. */
function textOf({ exact, fields, context = {} }: Event): string {
  const received = Object.entries(exact ?? fields).filter(([name]) => !Object.hasOwn(context, name));
  return stringifyExact(Object.fromEntries(received));
}
