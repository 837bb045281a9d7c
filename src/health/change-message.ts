import type { Status } from './events.js';
import { flappingInWords } from './flapping.js';
import type { SavedState } from './saved-state.js';

/** Why a state is announced: what is wrong, or what is over now that nothing is. `before` is the state so far. */
export function changeMessage(
  wanted: Status,
  { announced, unknown, flapping }: Pick<SavedState, 'announced' | 'unknown' | 'flapping'>,
  reason: string | undefined,
): string | undefined {
  if (wanted !== 'up') return flapping?.since == null ? reason : flappingInWords(flapping, reason);
  if (announced === 'maintenance') return 'maintenance has ended';
  return unknown?.announced ? 'can be checked again' : undefined;
}
