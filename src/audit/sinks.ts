import type { KeyValues } from '../storage/key-values.js';
import type { Audit } from './act.js';

const key = 'sinks';
/** The memory of a daemon that is started once in ten years. */
const keptMs = 10 * 365 * 86_400_000;

/** Which sinks are configured otherwise than at the start before; the first start has nothing to compare with. */
export async function recordSinks(sinks: readonly string[], keyValues: KeyValues, audit: Audit): Promise<void> {
  const kept = (await keyValues.get([key])).get(key);
  const written = [...sinks].sort().join(' ');
  if (kept !== undefined) {
    const before = new Set(kept.split(' ').filter(name => name !== ''));
    for (const subject of sinks)
      if (!before.delete(subject)) audit.record({ type: 'sink_started', by: 'daemon', subject });
    for (const subject of before) audit.record({ type: 'sink_stopped', by: 'daemon', subject });
  }
  if (kept !== written) await keyValues.put([[key, written]], keptMs);
}
