import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedBroker } from '../../src/broker/embedded.js';
import { systemClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import { Storage } from '../../src/storage/storage.js';
import { brokerConformance } from './conformance.js';

brokerConformance('embedded', {
  open: async queues => {
    const dir = await mkdtemp(join(tmpdir(), 'event-sink-broker-'));
    const tools = { clock: systemClock, log: silentLog };
    const start = async (): Promise<{ storage: Storage; broker: EmbeddedBroker }> => {
      const storage = await Storage.open({
        ...tools,
        dir,
        onFatal: error => {
          throw error;
        },
      });
      const broker = new EmbeddedBroker({ ...tools, storage });
      await broker.open(queues);
      return { storage, broker };
    };
    const stop = async (): Promise<void> => {
      await running.broker.close();
      await running.storage.close();
    };
    let running = await start();
    return {
      broker: running.broker,
      reopen: async () => {
        await stop();
        running = await start();
        return running.broker;
      },
      close: async () => {
        await stop();
        await rm(dir, { recursive: true });
      },
    };
  },
});
