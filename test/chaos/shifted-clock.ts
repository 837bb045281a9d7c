/**
 * Loaded into a daemon with `--import`, before its own code: its wall clock is ahead by as many ms as the file named by
 * CHAOS_CLOCK says, now and whenever that changes. Timers and the monotonic clock go on as they were, as after a real
 * jump.
 */
import { readFileSync } from 'node:fs';

const file = process.env.CHAOS_CLOCK ?? '';
const RealDate = Date;
let offset = 0;

function update(): void {
  try {
    offset = Number(readFileSync(file, 'utf8'));
  } catch {
    // Being written just now.
  }
}

update();
setInterval(update, 100).unref();

globalThis.Date = class extends RealDate {
  constructor(...given: unknown[]) {
    super(...((given.length === 0 ? [RealDate.now() + offset] : given) as [number]));
  }

  static override now(): number {
    return RealDate.now() + offset;
  }
} as DateConstructor;
