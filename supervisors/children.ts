import { backoff, backoffs } from '../src/backoff.js';
import type { Clock } from '../src/clock.js';
import { describe, faultOf } from '../src/errors.js';
import type { Log } from '../src/log.js';
import { untilAborted } from '../src/retry.js';
import { sameSlice } from '../src/settings/same-slice.js';
import type { StatusBoard } from '../src/status/board.js';

/** One that runs. */
export interface Child {
  /** Finishes what it is in the middle of, and gives back the rest; at once when the signal aborts. Never rejects. */
  stop(hurry: AbortSignal): Promise<void>;
}

export interface ChildrenOptions<Slice> {
  /** Resolves once it runs. What it throws is tried again until it works. */
  readonly start: (name: string, slice: Slice) => Child | Promise<Child>;
  /** Its place in the tree. */
  readonly pathOf: (name: string) => string;
  /** Whether one need not be restarted for the other. */
  readonly same?: (one: Slice, other: Slice) => boolean;
  readonly board: StatusBoard;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long a part may take to end once it has been hurried, ms. */
const graceMs = 5_000;

interface Running<Slice> {
  readonly slice: Slice;
  /** Aborts once it is not wanted any more: it is not tried again then. */
  readonly unwanted: AbortController;
  /** Undefined when it could not be started before it was unwanted. */
  readonly child: Promise<Child | undefined>;
}

/**
 * Children of one kind, each made from its slice of the settings. Start, reload and stop are one and the same: what
 * runs becomes what is wanted. A child whose slice is another now is stopped and started with it; the others notice
 * nothing.
 */
export class Children<Slice> {
  readonly #options: ChildrenOptions<Slice>;
  readonly #running = new Map<string, Running<Slice>>();
  /** What is under way for each, one thing after another. */
  readonly #turns = new Map<string, Promise<boolean>>();
  #wanted: ReadonlyMap<string, Slice> = new Map();
  #closed = false;

  constructor(options: ChildrenOptions<Slice>) {
    this.#options = options;
  }

  /** Returns the paths of those that were started, restarted or stopped for good. Never rejects. */
  async become(wanted: ReadonlyMap<string, Slice>, hurry: AbortSignal): Promise<readonly string[]> {
    if (this.#closed) return [];
    this.#wanted = wanted;
    return this.#adjustAll(hurry);
  }

  /** Stops all, for good. */
  async close(hurry: AbortSignal): Promise<void> {
    this.#closed = true;
    this.#wanted = new Map();
    for (const { unwanted } of this.#running.values()) unwanted.abort();
    await this.#adjustAll(hurry);
  }

  async #adjustAll(hurry: AbortSignal): Promise<readonly string[]> {
    const names = [...new Set([...this.#turns.keys(), ...this.#wanted.keys()])];
    const changed = await Promise.all(names.map(name => this.#turn(name, hurry)));
    return names.filter((_name, index) => changed[index]).map(this.#options.pathOf);
  }

  async #turn(name: string, hurry: AbortSignal): Promise<boolean> {
    const turn = (this.#turns.get(name) ?? Promise.resolve()).then(() => this.#adjust(name, hurry));
    this.#turns.set(name, turn);
    const changed = await turn;
    if (!this.#running.has(name) && this.#turns.get(name) === turn) this.#turns.delete(name);
    return changed;
  }

  /** What it should be is looked up when it can be done: it may be wanted otherwise by then. */
  async #adjust(name: string, hurry: AbortSignal): Promise<boolean> {
    const { same = sameSlice } = this.#options;
    const [one, other] = [this.#running.get(name)?.slice, this.#wanted.get(name)];
    if (one === other || (one !== undefined && other !== undefined && same(one, other))) return false;
    await this.#stop(name, hurry);
    const slice = this.#wanted.get(name);
    if (slice !== undefined) await this.#start(name, slice);
    return true;
  }

  async #stop(name: string, hurry: AbortSignal): Promise<void> {
    const running = this.#running.get(name);
    if (running === undefined) return;
    running.unwanted.abort();
    const child = await running.child;
    if (child !== undefined) await this.#orAbandoned(name, child.stop(hurry), hurry);
    this.#running.delete(name);
    this.#options.board.remove(this.#options.pathOf(name));
  }

  /** One that does not end even so keeps nothing else waiting; what is to take its place is tried until it is gone. */
  async #orAbandoned(name: string, stopped: Promise<void>, hurry: AbortSignal): Promise<void> {
    const { clock, log, pathOf } = this.#options;
    const over = new AbortController();
    const late = untilAborted(
      hurry,
      new Promise(resolve => over.signal.addEventListener('abort', () => resolve())),
      () => {},
    )
      .then(() => clock.sleep(graceMs, over.signal))
      .then(() => {
        if (!over.signal.aborted) log.warn({ part: pathOf(name) }, 'part.unstopped');
      });
    await Promise.race([stopped, late]);
    over.abort();
  }

  /** Waits for the first try alone. */
  async #start(name: string, slice: Slice): Promise<void> {
    const unwanted = new AbortController();
    const first = this.#try(name, slice);
    const child = first.then(started => started ?? this.#tryAgain(name, slice, unwanted.signal));
    this.#running.set(name, { slice, unwanted, child });
    await first;
  }

  async #tryAgain(name: string, slice: Slice, unwanted: AbortSignal): Promise<Child | undefined> {
    const { clock } = this.#options;
    let waits = backoff(backoffs.part);
    while (!unwanted.aborted) {
      const [waitMs, after] = waits.next();
      waits = after;
      await clock.sleep(waitMs, unwanted);
      if (unwanted.aborted) return undefined;
      // What the try before has said of it.
      this.#options.board.remove(this.#options.pathOf(name));
      const child = await this.#try(name, slice);
      if (child !== undefined) return child;
    }
    return undefined;
  }

  async #try(name: string, slice: Slice): Promise<Child | undefined> {
    const { board, clock, log, start, pathOf } = this.#options;
    const path = pathOf(name);
    try {
      return await start(name, slice);
    } catch (error) {
      const message = describe(error);
      log.error({ part: path, reason: message }, 'part.unstarted');
      const lastError = { fault: faultOf(error), message, at: clock.now() };
      board.line(path).update({ state: 'holding', lastError, detail: { unstarted: true } });
      return undefined;
    }
  }
}
