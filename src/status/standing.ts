import type { Concurrency } from '../delivery/concurrency.js';
import type { Pace } from '../delivery/pace.js';
import type { Kind, SettlementError, Unsettled } from '../delivery/settle.js';
import type { ActorState } from './board.js';

const shownAs: Readonly<Record<string, ActorState>> = {
  subscribing: 'starting',
  holding: 'holding',
  released: 'holding',
  stopped: 'stopped',
};

/** How a consumer stands, for the status board: its pace, and what the broker does not settle now. */
export class Standing {
  readonly #pace: Pick<Pace, 'size'>;
  readonly #concurrency: Pick<Concurrency, 'now'>;
  /** Dead letters hold up nothing; events that are done with, what comes after. */
  readonly #unsettled: Record<Kind, Unsettled> = { done: { count: 0 }, dead: { count: 0 } };

  constructor({ pace, concurrency }: { pace: Pick<Pace, 'size'>; concurrency: Pick<Concurrency, 'now'> }) {
    this.#pace = pace;
    this.#concurrency = concurrency;
  }

  get error(): SettlementError | undefined {
    return this.#unsettled.done.error ?? this.#unsettled.dead.error;
  }

  unsettled(count: number, error: SettlementError | undefined, kind: Kind): void {
    this.#unsettled[kind] = { count, error };
  }

  /** A held batch that is being retried still shows as held. */
  line(phase: string, { isFailing, isParked }: { isFailing: boolean; isParked: boolean }) {
    const held = phase === 'writing' && isFailing ? 'holding' : (shownAs[phase] ?? 'running');
    const state = isParked && held === 'holding' ? 'parked' : held;
    const [unsettled, delayed] = [this.#unsettled.dead.count, this.#unsettled.done.count];
    const detail = {
      phase,
      batch_size: this.#pace.size,
      concurrency: this.#concurrency.now,
      ...(unsettled > 0 && { unsettled }),
      ...(delayed > 0 && { delayed }),
    };
    return { state: state === 'running' && unsettled + delayed > 0 ? ('holding' as const) : state, detail };
  }
}
