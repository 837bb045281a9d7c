import type { Clock } from '../clock.js';
import type { Fault } from '../errors.js';

/**
 * What every actor is doing, for `/v1/status` and the page.
 *
 * starting: not at work yet · running · holding: something it needs cannot be had (the last error says why), and it
 * tries again · parked: every event fails as a bug, tried slowly · stopped: by shutdown or by its own end · failed:
 * given up for good.
 */
export type ActorState = 'starting' | 'running' | 'holding' | 'parked' | 'stopped' | 'failed';

export interface ActorStatus {
  /** Its own path in the tree of actors, from the root: `delivery/mongodb/sink`. */
  readonly path: string;
  readonly state: ActorState;
  /** When this state began, epoch ms. */
  readonly since: number;
  readonly restarts: number;
  readonly lastError: { readonly fault: Fault; readonly message: string; readonly at: number } | undefined;
  /** When a backoff ends, epoch ms. */
  readonly nextTry: number | undefined;
  /** Whatever else a kind of actor has to show (`phase`, `requests`, `address`). */
  readonly detail: Readonly<Record<string, string | number | boolean | null>>;
}

export type StatusPatch = Partial<Omit<ActorStatus, 'path' | 'since'>>;

/** One actor's own line on the board. */
export interface StatusLine {
  readonly path: string;
  readonly status: ActorStatus;
  update(patch: StatusPatch): void;
}

/** The one place where actors write their state; everybody else reads. */
export class StatusBoard {
  readonly #entries = new Map<string, ActorStatus>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The line of one actor; `starting` until it says more. */
  line(path: string): StatusLine {
    if (!this.#entries.has(path)) {
      const since = this.#clock.now();
      const blank = { restarts: 0, lastError: undefined, nextTry: undefined, detail: {} };
      this.#entries.set(path, { path, state: 'starting', since, ...blank });
    }
    const read = (): ActorStatus => this.#entries.get(path) as ActorStatus;
    return {
      path,
      get status() {
        return read();
      },
      update: patch => {
        const before = read();
        const since = patch.state === undefined || patch.state === before.state ? before.since : this.#clock.now();
        this.#entries.set(path, { ...before, ...patch, since });
      },
    };
  }

  get(path: string): ActorStatus | undefined {
    return this.#entries.get(path);
  }

  /** In order of path, so that a parent stands before its children. */
  all(): ActorStatus[] {
    return [...this.#entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  }
}
