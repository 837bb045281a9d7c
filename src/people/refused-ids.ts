import { catalogue } from '../events/catalogue.js';
import { fields } from '../events/fields.js';
import { sources } from '../events/message.js';
import { isNobody } from './nobody.js';

/** Shorter ones stand in words that mean something else. */
const minLength = 4;
/** A number of fewer digits counts something in nearly every event. */
const minDigits = 6;

/** What events say of themselves. */
const words: ReadonlySet<string> = new Set([
  ...catalogue.flatMap(({ category, type }) => [category, type ?? category]),
  ...Object.keys(fields),
  ...sources,
]);

/**
 * Why nobody can be erased under this id: it belongs to everybody, or says something else in other events.
 *
 * @param more names that mean something here, such as those of sinks
 * @returns what follows the name of the field; undefined = it names somebody
 */
export function whyRefused(id: string, more: readonly string[]): string | undefined {
  const text = id.trim();
  if (isNobody(text)) return 'stands for nobody';
  if ([...text].length < minLength) return `has fewer than ${minLength} characters, and would be found in other words`;
  if (/^\d+$/.test(text) && text.length < minDigits)
    return `is a number of fewer than ${minDigits} digits, and would be found in counts`;
  const word = text.toLowerCase();
  if (words.has(word)) return 'is a category, type, field or source of events';
  return more.includes(word) ? 'is the name of a sink' : undefined;
}
