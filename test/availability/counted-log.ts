import type { Span } from '../../src/spans.js';
import { Scene } from '../nginx/scene.js';
import { type manualClock, ScratchDatabase } from '../storage/scratch.js';

/** What a daemon stores that has read this log by then. */
export async function countedLog(text: string, clock: ReturnType<typeof manualClock>): Promise<ScratchDatabase> {
  const scene = new Scene({ clock });
  const scratch = new ScratchDatabase();
  scratch.now = clock.time;
  try {
    scene.write(text);
    await scene.start();
    await scene.read();
    await scene.stop();
    scratch.group([scene.store.calls]);
  } finally {
    await scene.remove();
  }
  return scratch;
}

/** How the checks saw the service. */
export function observed(scratch: ScratchDatabase, service: string, spans: readonly Span[]): void {
  const lane = 'observed' as const;
  scratch.write('keepAvailability', { service, spans: spans.map(span => ({ lane, ...span })), times: [] });
}
