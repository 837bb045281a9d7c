import type { Clock } from '../clock.js';
import type { Log } from '../log.js';
import { type FoundProblem, plural } from './found-problem.js';

/** A conflict stays a problem for this long, ms. */
const shownMs = 3_600_000;
/** Ids of one batch that are logged. */
const maxLoggedIds = 10;

/** Where conflicts are found: on arrival, or at the sink of this name. */
type Where = 'arrival' | (string & {});

export interface ConflictsOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly onConflict: (where: Where, count: number) => void;
}

/**
 * Events that came with the id of another event, and say something else: by mistake, or to keep the other one from
 * being told apart. One that is found on arrival is refused; at a sink, the event that was there first stays.
 */
export class Conflicts {
  readonly #options: ConflictsOptions;
  readonly #found = new Map<Where, { count: number; id: string; since: number; last: number }>();

  constructor(options: ConflictsOptions) {
    this.#options = options;
  }

  add(where: Where, ids: readonly string[]): void {
    const [id] = ids;
    if (id === undefined) return;
    const { clock, log, onConflict } = this.#options;
    const now = clock.now();
    const known = this.#found.get(where);
    const begins = known === undefined || now - known.last >= shownMs;
    this.#found.set(where, {
      count: (begins ? 0 : known.count) + ids.length,
      id,
      since: begins ? now : known.since,
      last: now,
    });
    log.warn({ at: where, count: ids.length, ids: ids.slice(0, maxLoggedIds) }, 'event.conflict');
    onConflict(where, ids.length);
  }

  get problems(): FoundProblem[] {
    const now = this.#options.clock.now();
    return [...this.#found]
      .filter(([, { last }]) => now - last < shownMs)
      .map(([where, { count, id, since }]) => {
        const came = `${plural(count, 'event')} came with the id and not the content of another one`;
        const became = where === 'arrival' ? 'they were refused with 422' : `${where} keeps the one that came first`;
        return {
          key: `conflict ${where}`,
          what: `${came}: ${became}. The last id is ${id}.`,
          since,
          fix: 'Find out who sends them (the log has event.conflict): every event needs an id of its own, or none.',
        };
      });
  }
}
