import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/**
 * How V8 grows the heaps of this process; by itself it goes by the memory of the machine, which others need too. The
 * flags are read at each collection, so they can change while it runs.
 */

/** What starting up allocates is not a reason for a large young generation. */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** Both halves together, of which one is in use. By itself V8 goes up to twice as much. */
const youngBytes = 16 * 1024 * 1024;
/** The share of its time for which the event loop is at work when it is at its limit. */
const busyShare = 0.7;
/** While it starts, threads begin. */
const oftenMs = 5;
/** Under load it takes longer than this from one doubling to the next. */
const seldomMs = 100;

/**
 * Bounds the young generation, which V8 doubles when much of it outlives a collection: small until `letGrow` is called,
 * then up to 16 MB; further only once the event loop is at its limit, as lists from many clients at once take a tenth
 * less CPU with 32. V8's own bound is an option of Node's command line alone, and it forgets ours whenever a thread
 * begins; so this one is set again and again, and may once be missed.
 */
export class YoungGeneration {
  #timer: NodeJS.Timeout;
  #before = performance.eventLoopUtilization();
  /** Looks in a row that found the event loop at its limit. */
  #busy = 0;
  readonly #busyLooks: number;

  /** @param busyMs for how long the event loop must be at its limit; 0: for one look */
  constructor(busyMs = 0) {
    this.#busyLooks = Math.max(1, busyMs / seldomMs);
    keepHeapSmall();
    this.#timer = setInterval(keepHeapSmall, oftenMs);
  }

  letGrow(): void {
    clearInterval(this.#timer);
    this.#bound();
    this.#timer = setInterval(() => this.#bound(), seldomMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #bound(): void {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#before);
    this.#before = now;
    const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    const isLarge = young !== undefined && young.space_size >= youngBytes;
    this.#busy = utilization < busyShare ? 0 : this.#busy + 1;
    if (isLarge && this.#busy < this.#busyLooks) keepHeapSmall();
    else setFlagsFromString('--semi-space-growth-factor=2');
  }
}

/**
 * Between two collections the old generation grows by this share at most, not up to fourfold: that held 320 MB while a
 * million events waited, where 30 % held 200. With 30 %, though, lists of many events had it collected five times a
 * second, and took a fifth more CPU than with 80 %, for 3 MB less. Beside RabbitMQ, where very many events pass in
 * memory, it is 100 %.
 */
export function growAtMost(percent: number): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}

/**
 * Young objects are collected by the thread that made them. Of an HTTP request next to nothing outlives it, so that
 * there is little to share out: V8's own threads took 8 µs of CPU a request to save the main thread 0.5.
 */
export function collectAlone(): void {
  setFlagsFromString('--no-parallel-scavenge');
}
