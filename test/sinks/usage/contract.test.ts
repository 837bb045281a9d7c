import { systemClock } from '../../../src/clock.js';
import { FullError } from '../../../src/errors.js';
import { silentLog } from '../../../src/log.js';
import { usageSink } from '../../../src/sinks/usage.js';
import { openForReading } from '../../../src/storage/opening.js';
import { Storage } from '../../../src/storage/storage.js';
import { message } from '../../helpers/memory-broker.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { usageConfig } from '../../usage/scene.js';
import { sinkContract } from '../contract.js';

const fields = { category: 'download', type: 'file', resource_id: 'file 1', created: 1_700_000_000_000 };

await sinkContract('usage', async () => {
  const folder = temporaryFolder();
  const storage = await Storage.open({ dir: folder.path, clock: systemClock, log: silentLog, onFatal: () => {} });
  const written = openForReading(folder.path);
  let full = false;
  return {
    definition: usageSink,
    config: { ...usageConfig, source: 'clowder' },
    tools: {
      usage: {
        fold: accesses =>
          full ? Promise.reject(new FullError('the disk is full')) : storage.write('foldUsage', accesses),
      },
    },
    message: id => message(id, fields),
    delivered: () => written.rows<[string]>('SELECT id FROM usage_accesses ORDER BY id').map(([id]) => id),
    outage: on => {
      full = on;
    },
    close: async () => {
      written.close();
      await storage.close();
      folder.remove();
    },
  };
});
