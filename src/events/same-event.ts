import { memberTexts } from './json-text.js';
import type { Source } from './message.js';

/**
 * Sources whose ids are chosen by others. Where this program chooses them, the same id is the
 * same event, whatever was added to it.
 */
const outside: ReadonlySet<Source> = new Set(['http', 'replay', 'clowder']);

export function isFromOutside(source: Source): boolean {
  return outside.has(source);
}

/** Whether two bodies say the same, but for `created`: one that had none was given a time on arrival. */
export function isSameEvent(one: string, other: string): boolean {
  if (one === other) return true;
  const [first, second] = [one, other].map(membersOf);
  if (first === undefined || second === undefined || first.size !== second.size) return false;
  return [...first].every(([name, text]) => second.get(name) === text);
}

function membersOf(body: string): Map<string, string> | undefined {
  if (!body.trimStart().startsWith('{')) return undefined;
  const members = memberTexts(body);
  members.delete('created');
  return members;
}
