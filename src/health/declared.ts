import { covers, type Declaration, endsMaintenance } from './maintenance.js';
import type { SavedState } from './saved-state.js';

/** For how long declared maintenance is kept once it is over, ms. */
export const declaredKeptMs = 7 * 86_400_000;
const declaredKept = 50;

/**
 * The windows that are declared once this one is: maintenance opens one, another status of now ends those that are
 * open.
 * Undefined where nothing is new.
 */
export function declaredAfter(
  before: SavedState['declared'],
  declaration: Declaration,
  now: number,
): SavedState['declared'] | undefined {
  const { status, at, window } = declaration;
  if (status !== 'maintenance' && !endsMaintenance(declaration)) return undefined;
  const declared = before.filter(({ until }) => until === null || until > now - declaredKeptMs);
  if (status !== 'maintenance') return declared.map(one => (covers(one, at) ? { ...one, until: at } : one));
  const until = window.until ?? null;
  if (until !== null && until <= window.from) return undefined;
  if (declared.some(one => one.from === window.from && one.until === until)) return undefined;
  return [...declared, { from: window.from, until }].slice(-declaredKept);
}
