import { describe, TransientError } from '../errors.js';
import { type NamedPeople, peopleOf } from '../people/people.js';
import type { Place } from './place.js';

/** What is held of a person, and where. */
export interface Held {
  readonly place: string;
  readonly data?: unknown;
  /** Why nothing can be said of this place. */
  readonly problem?: string;
}

/** What an erasure would find in a place. */
export interface PlacePreview {
  readonly place: string;
  /** Things that hold something of them; null = it cannot be searched, or not now. */
  readonly found: number | null;
  /** Why it cannot be searched now. */
  readonly reason: string | null;
}

export interface SearchOptions {
  /** Keys the pseudonyms (ID_SECRET). */
  readonly idSecret: string;
  readonly places: readonly Place[];
}

/** Looks for people everywhere, and changes nothing. It goes through everything that there is: one at a time. */
export class Search {
  readonly #options: SearchOptions;
  #isBusy = false;

  constructor(options: SearchOptions) {
    this.#options = options;
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Everything that is held of them, place by place. Once the signal aborts, the rest are places with a problem. */
  async *export(ids: readonly string[], signal: AbortSignal): AsyncGenerator<Held> {
    if (this.#isBusy) throw new TransientError('another search for people is under way');
    this.#isBusy = true;
    try {
      const people = peopleOf(this.#options.idSecret, ids);
      for (const place of this.#options.places) yield* heldIn(place, people, signal);
    } finally {
      this.#isBusy = false;
    }
  }

  /** What an erasure would find. */
  async preview(ids: readonly string[], signal: AbortSignal): Promise<PlacePreview[]> {
    const counts = new Map<string, number>();
    const problems = new Map<string, string>();
    for await (const { place, problem } of this.export(ids, signal)) {
      if (problem === undefined) counts.set(place, (counts.get(place) ?? 0) + 1);
      else problems.set(place, problem);
    }
    return this.#options.places.map(({ name, export: searched }) => {
      const reason = problems.get(name) ?? null;
      const isSearched = searched !== undefined && reason === null;
      return { place: name, found: isSearched ? (counts.get(name) ?? 0) : null, reason };
    });
  }
}

/** A place that cannot be reached says so, and keeps nobody from the others. */
async function* heldIn(place: Place, people: NamedPeople, signal: AbortSignal): AsyncGenerator<Held> {
  if (place.export === undefined) return;
  try {
    signal.throwIfAborted();
    for await (const data of place.export(people, signal)) {
      signal.throwIfAborted();
      yield { place: place.name, data };
    }
    // Whatever it does at an abort, it may have left something out.
    signal.throwIfAborted();
  } catch (error) {
    const problem = signal.aborted
      ? `the search ended before all of it was seen: ${describe(signal.reason)}`
      : describe(error);
    yield { place: place.name, problem };
  }
}
