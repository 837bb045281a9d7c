import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'uvu';

// Timers and immediates of the test runner itself come and go; these stay until somebody closes them.
const kinds = /TCP|Process|MessagePort|Worker|FSEvent|StatWatcher|TLS/;

/** After each test of the suite: no socket, server, process, worker or watcher is open that was not open before it. */
export function watchLeaks(suite: Test): void {
  let before: string[] = [];
  suite.before.each(() => {
    before = openHandles();
  });
  suite.after.each(async () => {
    let left = added(before);
    for (let waited = 0; left.length > 0 && waited < 1_000; waited += 20) {
      await sleep(20);
      left = added(before);
    }
    if (left.length === 0) return;
    // uvu swallows what this hook throws (the runner sees the file fail all the same), so the reason is written out.
    console.error(`left open: ${left.join(', ')}`);
    throw new Error(`left open: ${left.join(', ')}`);
  });
}

function added(before: readonly string[]): string[] {
  const left = openHandles();
  for (const kind of before) {
    const at = left.indexOf(kind);
    if (at >= 0) left.splice(at, 1);
  }
  return left;
}

function openHandles(): string[] {
  return process.getActiveResourcesInfo().filter(kind => kinds.test(kind));
}
