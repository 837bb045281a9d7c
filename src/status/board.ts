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
  readonly #entries = new Map<string, { status: ActorStatus }>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The line of one actor; `starting` until it says more. */
  line(path: string): StatusLine {
    const entry = this.#entries.get(path) ?? { status: this.#blank(path) };
    this.#entries.set(path, entry);
    return {
      path,
      get status() {
        return entry.status;
      },
      update: patch => {
        const before = entry.status;
        const since = patch.state === undefined || patch.state === before.state ? before.since : this.#clock.now();
        entry.status = { ...before, ...patch, since };
      },
    };
  }

  /** The actor is gone, and those below it: what they still write is on no board. */
  remove(path: string): void {
    for (const each of [...this.#entries.keys()])
      if (each === path || each.startsWith(`${path}/`)) this.#entries.delete(each);
  }

  get(path: string): ActorStatus | undefined {
    return this.#entries.get(path)?.status;
  }

  /** In order of path, so that a parent stands before its children. */
  all(): ActorStatus[] {
    return [...this.#entries.values()].map(({ status }) => status).sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  #blank(path: string): ActorStatus {
    const blank = { restarts: 0, lastError: undefined, nextTry: undefined, detail: {} };
    return { path, state: 'starting', since: this.#clock.now(), ...blank };
  }
}
