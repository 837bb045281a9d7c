import { appendFileSync, readFileSync } from 'node:fs';

/**
 * Loaded into the daemon beside its own code (`--import`): how long its event loop stands. The time in which the main thread waited for a processor, as
 * Linux counts it, is the machine's and does not count.
 */
const everyMs = 20;
const file = process.env.LOOP_PROBE_FILE;

/** Ms that the main thread has waited for a processor, since its start. */
function waitedMs(): number {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
}

if (file !== undefined) {
  let last = performance.now();
  let waited = waitedMs();
  let longest = 0;
  setInterval(() => {
    const [now, waits] = [performance.now(), waitedMs()];
    const stood = now - last - everyMs - (waits - waited);
    if (stood > longest) {
      longest = stood;
      appendFileSync(file, `${Math.round(stood)}\n`);
    }
    last = now;
    waited = waits;
  }, everyMs).unref();
}
