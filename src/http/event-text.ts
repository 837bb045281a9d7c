import { memberTexts } from '../events/json-text.js';
import { bodyText, contextOf, type StoredEvent } from '../storage/queries.js';

/** What the daemon says of an event, whatever its body has under these names. */
const own: ReadonlySet<string> = new Set(['id', 'created', 'category', 'type', '_source', '_received']);

/**
 * A stored event as JSON: the members of its body to the letter, so that numbers keep their
 * digits, then what is known beside it, and the daemon's own behind them.
 */
export function eventText(event: StoredEvent): string {
  const body = event[bodyText];
  if (body === undefined) return JSON.stringify(event);
  const members = memberTexts(body);
  const id = members.get('id');
  if (id !== undefined && JSON.parse(id) !== event.id) members.set('id_original', id);
  let text = '{';
  for (const [name, value] of members) if (!own.has(name)) text += `${JSON.stringify(name)}:${value},`;
  // None of these names is one of the body's or of the daemon's own.
  const context = event[contextOf];
  if (context !== undefined) text += `${JSON.stringify(context).slice(1, -1)},`;
  const { created, category, type, _source, _received } = event;
  return text + JSON.stringify({ id: event.id, created, category, type, _source, _received }).slice(1);
}
