import { randomUUID } from 'node:crypto';
import type { Trace } from '../broker/rabbitmq/consume/trace-listener.js';

/** `standby`: another daemon is handed the traces. */
export type TracingState = 'unknown' | 'on' | 'off' | 'standby';

/** Between two probes, ms. */
const probeMs = 5_000;
/** After this many probes that nothing came after, nothing comes here. */
const maxUnanswered = 3;

/**
 * Whether RabbitMQ copies messages, found out by messages to the queue of the copies itself: each comes back, and with
 * tracing on its copy has come before. Only two of them without a copy say that tracing is off, since in a cluster one
 * may overtake the other.
 */
export class Tracing {
  readonly #prefix = randomUUID();
  #sent = 0;
  #sentAt = Number.NEGATIVE_INFINITY;
  #unanswered = 0;
  #copied = '';
  #uncopied = 0;
  #state: TracingState = 'unknown';

  get state(): TracingState {
    return this.#state;
  }

  /** The id of a probe, when one is due. @param now monotonic ms */
  probe(now: number): string | undefined {
    if (now - this.#sentAt < probeMs) return undefined;
    this.#sentAt = now;
    this.#sent += 1;
    this.#unanswered += 1;
    return `${this.#prefix}-${this.#sent}`;
  }

  /** Something came out of the queue. True when it is of a probe, ours or another daemon's. */
  came(trace: Omit<Trace, 'content'>, queue: string): boolean {
    this.#unanswered = 0;
    if (trace.direct !== undefined) {
      if (!trace.direct.startsWith(this.#prefix)) return true;
      this.#uncopied = trace.direct === this.#copied ? 0 : this.#uncopied + 1;
      if (this.#uncopied === 0) this.#state = 'on';
      else if (this.#uncopied > 1) this.#state = 'off';
      return true;
    }
    const { routing_keys: keys, properties } = trace.headers;
    if (!Array.isArray(keys) || keys[0] !== queue) return false;
    this.#copied = String((properties as Readonly<Record<string, unknown>> | undefined)?.message_id);
    return true;
  }

  /** Nothing has come for a while, not even a probe. */
  get isSilent(): boolean {
    return this.#unanswered > maxUnanswered;
  }

  standBy(): void {
    this.#state = 'standby';
    this.#unanswered = 0;
  }
}
