import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import { acceptEvent } from '../events/accept.js';
import { keyedHash, timedId } from '../events/identity.js';
import type { Message } from '../events/message.js';
import type { Log } from '../log.js';
import { RepeatedWarning } from '../repeated-warning.js';
import type { KeyValues } from '../storage/key-values.js';
import { type FoundProblem, isServiceProblem, type Severity } from './found-problem.js';

export interface ProblemEventsOptions {
  readonly keyValues: KeyValues;
  /** Resolves when the messages are durable. */
  readonly publish: (messages: readonly Message[]) => Promise<unknown>;
  readonly clock: Clock;
  readonly log: Log;
  readonly idSecret: string;
}

type DatedProblem = FoundProblem & { readonly since: number };

interface Raised {
  readonly what: string;
  readonly since: number;
  readonly severity: Severity;
}

/** What is over sooner is nothing that anybody has to know of, ms. */
const lastsMs = 60_000;
/** After a start, what is not found again within this time is over, ms: parts of the daemon take a while to report. */
const restartMs = 120_000;
const keptMs = 3650 * 86_400_000;
const stateKey = 'raised';

/**
 * Makes an event of each problem that lasts, and one of its end: category `problem`, type `raised` and `resolved`.
 * Those of services are not among them: a service has `service_status`. Which are raised is kept after their events are
 * durable, under ids that follow from the problem: what a kill repeats is the same event.
 */
export class ProblemEvents {
  readonly #options: ProblemEventsOptions;
  readonly #startedAt: number;
  readonly #warning: RepeatedWarning;
  #raised: Map<string, Raised> | undefined;

  constructor(options: ProblemEventsOptions) {
    this.#options = options;
    this.#startedAt = options.clock.monotonic();
    this.#warning = new RepeatedWarning({ ...options, event: 'problems.unpublished' });
  }

  /**
   * What the broker does not take now is reported the next time. Never rejects.
   * @param problems all that stand now
   * @param isUnjudged whether another one may stand all the same, by its key: it is not over
   */
  async report(problems: readonly DatedProblem[], isUnjudged: (key: string) => boolean = () => false): Promise<void> {
    try {
      await this.#report(problems, isUnjudged);
      this.#warning.clear();
    } catch (error) {
      this.#warning.warn(describe(error));
    }
  }

  async #report(problems: readonly DatedProblem[], isUnjudged: (key: string) => boolean): Promise<void> {
    const { clock, publish, keyValues } = this.#options;
    const raised = await this.#load();
    const now = clock.now();
    const standing = new Map(problems.filter(({ key }) => !isServiceProblem(key)).map(one => [one.key, one]));
    const fresh = [...standing.values()].filter(({ key, since }) => !raised.has(key) && now - since >= lastsMs);
    const isSettled = clock.monotonic() - this.#startedAt >= restartMs;
    const over = isSettled ? [...raised].filter(([key]) => !standing.has(key) && !isUnjudged(key)) : [];
    if (fresh.length + over.length === 0) return;
    await publish([
      ...fresh.map(one => this.#raisedEvent(one, now)),
      ...over.map(([key, one]) => this.#resolvedEvent(key, one, now)),
    ]);
    for (const { key, what, since, severity = 'warning' } of fresh) raised.set(key, { what, since, severity });
    for (const [key] of over) raised.delete(key);
    await keyValues.put([[stateKey, JSON.stringify([...raised])]], keptMs);
  }

  async #load(): Promise<Map<string, Raised>> {
    if (this.#raised !== undefined) return this.#raised;
    const text = (await this.#options.keyValues.get([stateKey])).get(stateKey) ?? '[]';
    this.#raised = new Map(JSON.parse(text) as [string, Raised][]);
    return this.#raised;
  }

  #raisedEvent({ key, what, since, fix, severity = 'warning' }: DatedProblem, now: number): Message {
    const event = { type: 'raised', subject: key, severity, message: what, fix, from: since };
    return this.#message(event, ['raised', key, since], since + lastsMs, now);
  }

  #resolvedEvent(key: string, { what, since, severity }: Raised, now: number): Message {
    const seconds = Math.max(0, Math.round((now - since) / 1000));
    const extent = { from: since, until: now, outage_seconds: seconds };
    return this.#message(
      { type: 'resolved', subject: key, severity, message: what, ...extent },
      ['resolved', key, since],
      since + lastsMs,
      now,
    );
  }

  /** @param at what its id begins with: the same whenever it is made */
  #message(fields: object, identity: readonly (string | number)[], at: number, now: number): Message {
    const event = { category: 'problem', ...fields, created: now };
    const id = timedId(at, keyedHash(this.#options.idSecret, 'problem', ...identity));
    const accepted = acceptEvent(event, { now, source: 'problem', id });
    if ('message' in accepted) return accepted.message;
    throw new TypeError(accepted.problems.map(({ message }) => message).join('; '));
  }
}
