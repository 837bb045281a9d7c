import { endBecauseOf } from '../spans.js';
import { covers, type Declaration, endsMaintenance } from './maintenance.js';
import type { SavedState } from './saved-state.js';

/** For how long declared maintenance is kept once it is over, ms. */
export const declaredKeptMs = 7 * 86_400_000;
const declaredKept = 50;

type Declared = SavedState['declared'];

/**
 * The windows that are declared once this one is: maintenance opens one, another status of now ends those that are
 * open, and a withdrawal leaves nothing of the one that it names.
 * Undefined where nothing is new.
 */
export function declaredAfter(before: Declared, declaration: Declaration, now: number): Declared | undefined {
  const { id, status, at, window, withdraws } = declaration;
  if (withdraws !== undefined) return withoutOne(before, withdraws, window);
  if (status !== 'maintenance' && !endsMaintenance(declaration)) return undefined;
  const declared = before.filter(({ until }) => until === null || until > now - declaredKeptMs);
  if (status !== 'maintenance') return declared.map(one => (covers(one, at) ? { ...one, until: at } : one));
  const until = window.until ?? null;
  if (until !== null && until <= window.from) return undefined;
  if (declared.some(one => isSame(one, id, { from: window.from, until }))) return undefined;
  const others = declared.map(one => {
    const end = endBecauseOf(window, at, one);
    return end === undefined ? one : { ...one, until: end };
  });
  return [...others, { id, from: window.from, until }].slice(-declaredKept);
}

function withoutOne(before: Declared, id: string, { from, until }: Declaration['window']): Declared | undefined {
  const named = before.find(one => isSame(one, id, { from, until: until ?? null }));
  if (named === undefined || named.until === named.from) return undefined;
  return before.map(one => (one === named ? { ...one, until: one.from } : one));
}

function isSame(one: Declared[number], id: string, { from, until }: Omit<Declared[number], 'id'>): boolean {
  return one.id === undefined ? one.from === from && one.until === until : one.id === id;
}
