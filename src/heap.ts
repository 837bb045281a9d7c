import { setFlagsFromString } from 'node:v8';

/**
 * How V8 grows the heaps of this process; by itself it goes by the memory of the machine, which others need too. The
 * flags are read at each collection, so they can change while it runs.
 */

const small = '--semi-space-growth-factor=1';
/** By itself V8 says so whenever a thread begins, for all of them. */
const growing = '--semi-space-growth-factor=2';
const saidAgainMs = 5;

/** What starting up allocates is not a reason for a large young generation. */
export function keepHeapSmall(): void {
  setFlagsFromString(small);
}

/**
 * The same while threads begin, until the function that it returns is called: from then on the young generation grows
 * with the load, as it does by default. Held small meanwhile, an idle daemon is 4 MB smaller.
 */
export function holdHeapSmall(): () => void {
  keepHeapSmall();
  const timer = setInterval(keepHeapSmall, saidAgainMs);
  return () => {
    clearInterval(timer);
    setFlagsFromString(growing);
  };
}

/**
 * Between two collections the old generation grows by this share at most, not up to fourfold. With 30 % on the embedded
 * broker, 200 MB were resident instead of 320 while a million events waited, for a tenth more CPU in the HTTP API.
 * Beside RabbitMQ, where very many events pass in memory, that would cost a third more, and 100 % cost nothing.
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
