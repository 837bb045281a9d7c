import { days } from '../settings/durations.js';
import { mebibytes } from '../settings/numbers.js';
import { setting } from '../settings/setting.js';
import { boolean } from '../settings/words.js';
import { defaultLimits } from '../storage/default-limits.js';
import { asQueried, eventRows } from '../storage/event-store.js';
import { defineSink } from './sink.js';

/** What the local store keeps at most; the oldest leaves first. */
export interface LocalStore {
  readonly retentionMs: number;
  readonly maxBytes: number;
}

/** The SQLite store of this daemon, which the API and the page read. */
export const localSink = defineSink({
  name: 'local',
  title: 'Local store',
  prefix: 'LOCAL',
  settings: {
    on: setting(
      'LOCAL_STORE',
      boolean().default('on'),
      'Keep events in a SQLite file of this daemon, for the API and the page.',
      { needsRestart: true },
    ),
    retentionMs: setting(
      'LOCAL_RETENTION_DAYS',
      days(1, 36_500).default(`${defaultLimits.days}`),
      'How long they are kept there, days.',
    ),
    maxBytes: setting(
      'LOCAL_MAX_MB',
      mebibytes(16, 1_048_576).default(`${defaultLimits.maxMebibytes}`),
      'How much disk space they may take, MiB.',
    ),
  },
  switchedOnBy: 'LOCAL_STORE',
  configure: ({ on, retentionMs, maxBytes }): LocalStore | undefined => (on ? { retentionMs, maxBytes } : undefined),
  storesWith: 'storage',
  keepsEvents: true,
  takesHistory: true,
  batch: { count: 1000, bytes: 4 * 1024 * 1024, lingerMs: 100 },
  keep: () => ({ rowsOf: events => ({ events: eventRows(events) }) }),
  renderer: () => event => ({ output: { event: asQueried(event) } }),
  open: async (_store, { events }) => ({
    write: batch => events.insert(batch),
    // Only a write shows whether the disk has room.
    probe: async () => {},
    close: async () => {},
  }),
});
