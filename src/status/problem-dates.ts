import type { Clock } from '../clock.js';
import type { KeyValues } from '../storage/key-values.js';
import type { FoundProblem } from './found-problem.js';

export interface ProblemDatesOptions {
  readonly keyValues: KeyValues;
  readonly clock: Clock;
  /** When a problem that is found for the first time began, epoch ms, where that can be looked up. */
  readonly began: (key: string) => Promise<number | undefined>;
}

interface Dated {
  readonly since: number;
  /** What the problem itself said: another time is another beginning. */
  readonly said: number | undefined;
}

/** After a start, what stood before the restart and is found again within this time has never ended, ms. */
const restartMs = 120_000;
const keepMs = 400 * 86_400_000;
const key = 'open';

/**
 * Since when each problem stands: the time that is known for it, or else when it was first found; kept across restarts,
 * for as long as the problem lasts. On the disk is one value, the dates of all that stand.
 */
export class ProblemDates {
  readonly #options: ProblemDatesOptions;
  readonly #startedAt: number;
  #known = new Map<string, Dated>();
  /** Those among them that could not be judged when somebody last looked. */
  #unjudged: ReadonlySet<string> = new Set();
  #before: Promise<Map<string, number>> | undefined;
  #kept = '';

  constructor(options: ProblemDatesOptions) {
    this.#options = options;
    this.#startedAt = options.clock.monotonic();
  }

  /** @param isUnjudged whether a problem that is not among them may stand all the same, by its key */
  async date(
    problems: readonly FoundProblem[],
    isUnjudged: (key: string) => boolean = () => false,
  ): Promise<(FoundProblem & { readonly since: number })[]> {
    const before = await this.#fromBefore(isUnjudged);
    const known = new Map<string, Dated>();
    for (const problem of problems) known.set(problem.key, await this.#dateOf(problem, before));
    this.#known = known;
    for (const found of known.keys()) before.delete(found);
    await this.#keep(before);
    return problems.map(problem => ({ ...problem, since: known.get(problem.key)!.since }));
  }

  async #dateOf({ key: name, since: said }: FoundProblem, before: ReadonlyMap<string, number>): Promise<Dated> {
    const { clock, began } = this.#options;
    const dated = this.#known.get(name);
    if (dated !== undefined) return dated.said === said ? dated : { since: said ?? dated.since, said };
    const earlier = before.get(name);
    if (earlier !== undefined) return { since: Math.min(earlier, said ?? earlier), said };
    const found = said ?? (await began(name).catch(() => undefined));
    return { since: found ?? clock.now(), said };
  }

  /** What stood when the daemon last looked, until it is too late to say that it never ended. */
  async #fromBefore(isUnjudged: (key: string) => boolean): Promise<Map<string, number>> {
    const { clock, keyValues } = this.#options;
    this.#before ??= keyValues.get([key]).then(
      values => new Map(JSON.parse(values.get(key) ?? '[]') as [string, number][]),
      () => new Map(),
    );
    const before = await this.#before;
    if (clock.monotonic() - this.#startedAt <= restartMs) return before;
    // What could not be judged until now is judged for the first time.
    for (const name of before.keys()) if (!isUnjudged(name) && !this.#unjudged.has(name)) before.delete(name);
    this.#unjudged = new Set([...before.keys()].filter(isUnjudged));
    return before;
  }

  /** A date that cannot be kept now is kept with the next change. */
  async #keep(before: ReadonlyMap<string, number>): Promise<void> {
    const dates = [...before, ...[...this.#known].map(([name, { since }]) => [name, since] as const)];
    const text = JSON.stringify(dates);
    if (text === this.#kept || (this.#kept === '' && dates.length === 0)) return;
    await this.#options.keyValues.put([[key, text]], keepMs).then(
      () => {
        this.#kept = text;
      },
      () => undefined,
    );
  }
}
