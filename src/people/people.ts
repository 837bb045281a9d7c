import type { Event } from '../events/event.js';
import { formsOf, hashOfPerson, type Judged, Suppression } from './suppression.js';

/** The people that an erasure or an export is about. */
export interface People {
  /**
   * What names them, in every form in which a sink may have it: as it is, and as a pseudonym. Undefined: everybody who
   * was erased, of whom only hashes are known.
   */
  readonly texts: readonly string[] | undefined;
  /** Whether an event is theirs, or what it says without them. */
  judge(event: Event): Judged;
}

export interface NamedPeople extends People {
  readonly texts: readonly string[];
  /** Keyed hashes of the texts. */
  readonly hashes: readonly string[];
}

/** @param ids what names them: an id of a user, a mail address, a name */
export function peopleOf(secret: string, ids: readonly string[]): NamedPeople {
  const texts = formsOf(secret, ids);
  const hashes = texts.map(text => hashOfPerson(secret, text));
  const suppression = new Suppression(secret, hashes);
  return { texts, hashes, judge: event => suppression.judge(event) };
}
