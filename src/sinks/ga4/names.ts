import { trimEnd } from '../../trim-end.js';
import { words } from '../event-title.js';
import { digest } from '../people.js';
import {
  limits,
  namePattern,
  reservedEvents,
  reservedParameters,
  reservedPrefix,
  reservedUserProperties,
} from './limits.js';

/** Where Google Analytics has a name and reports of its own for the same thing. */
const recommended: ReadonlyMap<string, string> = new Map([
  ['user_login', 'login'],
  ['user_signup', 'sign_up'],
  ['download_file', 'file_download'],
]);

/**
 * The event's words (src/sinks/event-title.ts) as a name: `view_dataset`. A page view
 * is a `page_view`, whatever it shows.
 */
export function eventName(category: string, type: string | undefined): { name: string; shortened: boolean } {
  const parts = words(category, category === 'page_view' ? undefined : type);
  const raw = parts.join('_');
  return toName(recommended.get(raw) ?? raw, reservedEvents);
}

export function parameterName(field: string): { name: string; shortened: boolean } {
  return toName(field, reservedParameters);
}

export function userPropertyName(property: string): { name: string; shortened: boolean } {
  return toName(property, reservedUserProperties, limits.userPropertyNameLength);
}

/**
 * Letters, digits and underscores; a reserved or unfit name gets the prefix `clowder_`; a
 * long one ends in a hash of the whole.
 */
function toName(
  raw: string,
  reserved: ReadonlySet<string>,
  maxLength: number = limits.nameLength,
): { name: string; shortened: boolean } {
  let name = trimEnd(raw.replace(/[^A-Za-z0-9_]+/g, '_').replace(/^_+/, ''), '_');
  if (!/[A-Za-z0-9]/.test(name)) name = digest(raw, 8);
  if (!namePattern.test(name) || reserved.has(name) || reservedPrefix.test(name)) name = `clowder_${name}`;
  const shortened = name.length > maxLength;
  return { name: shortened ? suffixed(name, raw, maxLength) : name, shortened };
}

/** Within the limit, and different from others that begin alike. */
export function suffixed(name: string, raw: string, maxLength: number = limits.nameLength): string {
  return `${name.slice(0, maxLength - 5)}_${digest(raw, 4)}`;
}
