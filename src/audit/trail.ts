import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import { acceptEvent } from '../events/accept.js';
import { keyedHash, timedId } from '../events/identity.js';
import type { Message } from '../events/message.js';
import type { Log } from '../log.js';
import { retryUntilDone } from '../retry.js';
import { type Act, type Audit, lineOf } from './act.js';

/** Acts whose events wait for the broker; beyond it, the oldest has its log line alone. */
const maxWaiting = 1_000;
const maxTogether = 100;

export interface AuditOutlet {
  readonly publish: (messages: readonly Message[]) => Promise<unknown>;
  /** For ids that nobody can foretell: see events/identity.ts. */
  readonly idSecret: string;
}

interface OpenOutlet extends AuditOutlet {
  readonly closing: AbortController;
}

interface RecordedAct {
  readonly act: Act;
  readonly at: number;
  readonly identity: string;
  /** Called once its event is durable, or it is given up. */
  readonly onDurable: (() => void) | undefined;
}

/**
 * The one place that writes down who did what: a line of the log at once, and an event of the category `audit` as soon
 * as the broker takes it. The trail lives as long as the process; a tree of actors opens an outlet for it while it
 * runs.
 */
export class AuditTrail implements Audit {
  readonly #log: Log;
  readonly #clock: Clock;
  /** Acts without an id of their own get one of when, what, and how many were recorded before. */
  #recorded = 0;
  #waiting: RecordedAct[] = [];
  #lost = 0;
  #outlet: OpenOutlet | undefined;
  #sending: Promise<void> | undefined;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /**
   * @param identity what makes the act this one, so that an act which is recorded twice is one event
   * @param onDurable called once its event is durable
   */
  record(act: Act, identity = `${process.pid} ${this.#recorded}`, onDurable?: () => void): void {
    this.#recorded += 1;
    const { type, at = this.#clock.now(), ...fields } = act;
    const { ip: address, ...others } = fields;
    this.#log.info({ ...(address === undefined ? {} : { address }), ...others }, lineOf(type));
    if (this.#waiting.length >= maxWaiting) {
      this.#waiting.shift()?.onDurable?.();
      this.#lost += 1;
    }
    this.#waiting.push({ act, at, identity, onDurable });
    this.#send();
  }

  /**
   * Events go there from now on, until it is closed; what has not gone then waits for the next one. Resolves when
   * nothing is under way.
   */
  open(outlet: AuditOutlet): { close(timeoutMs: number): Promise<void> } {
    const closing = new AbortController();
    const own = { ...outlet, closing };
    this.#outlet = own;
    this.#send();
    return {
      close: async timeoutMs => {
        const done = new AbortController();
        await Promise.race([this.#sending, this.#clock.sleep(timeoutMs, done.signal)]);
        done.abort();
        if (this.#outlet === own) this.#outlet = undefined;
        closing.abort();
        await this.#sending;
      },
    };
  }

  /** None of an act that is not one: a note that somebody wrote by hand. */
  #eventOf(...act: Parameters<typeof auditEvent>): Message[] {
    try {
      return [auditEvent(...act)];
    } catch (error) {
      this.#log.error({ count: 1, reason: describe(error) }, 'audit.lost');
      return [];
    }
  }

  #send(): void {
    if (this.#sending !== undefined || this.#outlet === undefined || this.#waiting.length === 0) return;
    this.#sending = this.#sendAll(this.#outlet).finally(() => {
      this.#sending = undefined;
      if (!this.#outlet?.closing.signal.aborted) this.#send();
    });
  }

  async #sendAll({ publish, idSecret, closing }: OpenOutlet): Promise<void> {
    while (this.#waiting.length > 0 && !closing.signal.aborted) {
      const batch = this.#waiting.splice(0, maxTogether);
      const messages = batch.flatMap(({ act, at, identity }) => this.#eventOf(act, at, identity, idSecret));
      let gone = false;
      await retryUntilDone(
        async () => {
          if (messages.length > 0) await publish(messages);
          gone = true;
        },
        {
          clock: this.#clock,
          signal: closing.signal,
          onError: (error, waitMs) => this.#log.warn({ reason: describe(error), waitMs }, 'audit.unpublished'),
        },
      );
      if (gone) for (const { onDurable } of batch) onDurable?.();
      else this.#waiting.unshift(...batch);
    }
    if (this.#lost > 0) this.#log.error({ count: this.#lost, reason: 'the broker did not take them' }, 'audit.lost');
    this.#lost = 0;
  }
}

/** Its id follows from the act, so that it is the same event when it is sent again. */
export function auditEvent(act: Act, at: number, identity: string, idSecret: string): Message {
  const { at: _, ...fields } = act;
  const event = { category: 'audit', ...fields, created: at };
  const text = JSON.stringify(event);
  const id = timedId(at, keyedHash(idSecret, 'audit', text, identity));
  const accepted = acceptEvent(JSON.parse(text), { now: at, source: 'audit', id, text });
  if ('message' in accepted) return accepted.message;
  throw new TypeError(accepted.problems.map(({ message }) => message).join('; '));
}
