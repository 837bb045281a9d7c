import { digest } from '../people.js';

/** Two positive numbers joined by a period, as Google's own tag makes them. */
export function isClientId(text: string): boolean {
  return /^[1-9]\d{0,18}\.[1-9]\d{0,18}$/.test(text);
}

/** The same for the same visitor, for ever. */
export function clientId(visitor: string): string {
  const hex = digest(visitor, 16);
  return [hex.slice(0, 8), hex.slice(8)].map(part => (Number.parseInt(part, 16) >>> 1) + 1).join('.');
}
