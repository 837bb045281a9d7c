import { memberTexts, withMembers } from '../events/json-text.js';
import type { Message } from '../events/message.js';

/**
 * Who says something of a service is known by the key: a name that the event itself claims is replaced by the key's.
 * Every other event stays as it is. `created` stays the last member: it may be stamped again.
 * @param key its name; undefined = without a key
 */
export function saidBy(message: Message, key: string | undefined): Message {
  const { body, source } = message;
  if (source !== 'http') return message;
  const fields = message.fields ?? (JSON.parse(body) as Readonly<Record<string, unknown>>);
  if (fields.category !== 'service_status' || fields.by === undefined || fields.by === key) return message;
  const name = key === undefined ? [] : [['by', JSON.stringify(key)] as const];
  const { by: _claimed, ...others } = fields;
  const members = [...memberTexts(body)].filter(([member]) => member !== 'by');
  return {
    ...message,
    body: withMembers('{}', [...name, ...members]),
    fields: key === undefined ? others : { by: key, ...others },
  };
}
