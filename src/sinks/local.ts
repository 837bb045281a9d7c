import { boolean, integer } from '../settings/readers.js';
import { setting } from '../settings/setting.js';
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
    ),
    retentionDays: setting(
      'LOCAL_RETENTION_DAYS',
      integer(1, 36_500).default('30'),
      'How long they are kept there, days.',
    ),
    maxMb: setting('LOCAL_MAX_MB', integer(16, 1_048_576).default('2048'), 'How much disk space they may take, MiB.'),
  },
  configure: (values): LocalStore | undefined =>
    values.on
      ? { retentionMs: values.retentionDays * 24 * 60 * 60 * 1000, maxBytes: values.maxMb * 1024 * 1024 }
      : undefined,
  batch: { count: 1000, bytes: 4 * 1024 * 1024, lingerMs: 100 },
  open: async (_store, { events }) => ({
    write: async batch => ({ duplicates: await events.insert(batch) }),
    // Only a write tells whether the disk has room.
    probe: async () => {},
    close: async () => {},
  }),
});
