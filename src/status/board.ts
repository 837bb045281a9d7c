import type { Clock } from '../clock.js';
import type { Fault } from '../errors.js';

/**
 * What every actor is doing, for `/v1/status` and the page.
 *
 * starting: not yet asked to work · running · holding: a batch waits for its destination (the last error says why) ·
 * parked: every event fails as a bug, tried slowly · stopped: by shutdown or by its own end · failed: given up for good.
 */
export type ActorState = 'starting' | 'running' | 'holding' | 'parked' | 'stopped' | 'failed';

export interface ActorStatus {
  /** From the root, by slash: `delivery/mongodb/sink`. */
  readonly path: string;
  readonly state: ActorState;
  /** Of this state, epoch ms. */
  readonly since: number;
  readonly restarts: number;
  readonly lastError: { readonly fault: Fault; readonly message: string; readonly at: number } | undefined;
  /** When a backoff ends, epoch ms. */
  readonly nextTry: number | undefined;
  /** Numbers and words of the actor's own (`batches`, `window`, `address`). */
  readonly detail: Readonly<Record<string, string | number | boolean | null>>;
}

export type StatusPatch = Partial<Omit<ActorStatus, 'path' | 'since'>>;

/** The one place where actors write their state; everybody else reads. */
export class StatusBoard {
  readonly #entries = new Map<string, ActorStatus>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  update(path: string, patch: StatusPatch): void {
    const now = this.#clock.now();
    const before = this.#entries.get(path) ?? {
      path,
      state: 'starting',
      since: now,
      restarts: 0,
      lastError: undefined,
      nextTry: undefined,
      detail: {},
    };
    const since = patch.state === undefined || patch.state === before.state ? before.since : now;
    this.#entries.set(path, { ...before, ...patch, since });
  }

  get(path: string): ActorStatus | undefined {
    return this.#entries.get(path);
  }

  /** In order of path, so that a parent stands before its children. */
  all(): ActorStatus[] {
    return [...this.#entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }
}
