import type { Actor, PublisherMessage } from '../actors/protocol.js';
import { publishThrough } from '../actors/publisher.js';
import { recordExpiredKeys } from '../src/audit/expired-keys.js';
import { takeNotes } from '../src/audit/notes.js';
import { recordSinks } from '../src/audit/sinks.js';
import type { AuditTrail } from '../src/audit/trail.js';
import type { Config } from '../src/config/config.js';
import type { KeyRing } from '../src/keys/ring.js';
import type { Storage } from '../src/storage/storage.js';
import type { PartOptions } from './part.js';

export interface AuditOptions extends Pick<PartOptions, 'clock' | 'log' | 'onStop'> {
  readonly trail: AuditTrail;
  readonly publisher: Actor<PublisherMessage>;
  readonly storage: Storage;
  readonly idSecret: string;
  readonly config: Config;
  readonly keys: KeyRing;
}

export interface RunningAudit {
  /** Writes down which sinks are configured otherwise. Never rejects. */
  reload(config: Pick<Config, 'sinks'>): Promise<void>;
}

/** At the stop, ms; what has not gone then has its line in the log, and goes with the next tree of this process. */
const lastEventsMs = 1_000;

/** Lets the events of the audit trail go to the publisher, those of the command line too, until the stop. */
export async function startAudit(options: AuditOptions): Promise<RunningAudit> {
  const { trail, publisher, storage, idSecret, config, keys, clock, log, onStop } = options;
  const { publish } = publishThrough(publisher);
  const outlet = trail.open({ publish, idSecret });
  const stopping = new AbortController();
  const keyValues = storage.keyValues('audit');
  const record = ({ sinks }: Pick<Config, 'sinks'>): Promise<void> =>
    recordSinks(
      sinks.map(({ definition }) => definition.name),
      keyValues,
      trail,
    );
  await record(config);
  const stopWatching = await recordExpiredKeys(keys, keyValues, trail);
  void takeNotes(config.server.dataDir, { trail, clock, log, signal: stopping.signal });
  onStop('audit trail', async timeoutMs => {
    stopping.abort();
    stopWatching();
    await outlet.close(Math.min(timeoutMs, lastEventsMs));
  });
  // What cannot be written down now is found by the next reload, or start.
  return { reload: now => record(now).catch(() => undefined) };
}
