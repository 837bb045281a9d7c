import { systemClock } from '../../../src/clock.js';
import { FullError } from '../../../src/errors.js';
import { silentLog } from '../../../src/log.js';
import { localSink } from '../../../src/sinks/local.js';
import { Storage } from '../../../src/storage/storage.js';
import { message } from '../../helpers/memory-broker.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { sinkContract } from '../contract.js';

await sinkContract('local', async () => {
  const folder = temporaryFolder();
  const storage = await Storage.open({ dir: folder.path, clock: systemClock, log: silentLog, onFatal: () => {} });
  let full = false;
  return {
    definition: localSink,
    config: { retentionMs: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER },
    tools: {
      events: {
        insert: events => (full ? Promise.reject(new FullError('the disk is full')) : storage.events.insert(events)),
      },
    },
    message: id => message(id),
    delivered: async () => {
      const { events } = await storage.events.query({ limit: 1000 });
      return events.map(({ id }) => id);
    },
    outage: on => {
      full = on;
    },
    close: async () => {
      await storage.close();
      folder.remove();
    },
  };
});
