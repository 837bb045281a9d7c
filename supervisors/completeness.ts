import type { Broker } from '../src/broker/broker.js';
import type { Config } from '../src/config/config.js';
import { actorPaths } from '../src/status/actor-paths.js';
import type { ActorStatus } from '../src/status/board.js';
import type { Storage } from '../src/storage/storage.js';
import { CompletenessMonitor, type MonitoredLog, noteUsageOff } from '../src/usage/completeness-monitor.js';
import type { PartOptions } from './part.js';

export interface CompletenessOptions extends PartOptions {
  readonly config: Pick<Config, 'usage' | 'nginx'>;
  readonly storage: Storage;
  readonly broker: Broker;
}

/** Watches when usage cannot reach this daemon; starts before anything is counted, and ends after everything is. */
export async function startCompleteness(options: CompletenessOptions): Promise<void> {
  const { config, storage, broker, board, clock, log, onStop } = options;
  if (config.usage === undefined) return noteUsageOff(storage, clock.now());
  const logs = config.usage.source === 'nginx' ? config.nginx.files : [];
  const monitor = new CompletenessMonitor({
    ...{ storage, clock, log },
    daemon: () => {
      const { state, gaps = 0 } = broker.status();
      return { state, queueGaps: gaps };
    },
    lost: async () => {
      const row = (await broker.ledger()).sinks.find(({ sink }) => sink === 'usage');
      return row?.missing ?? 0;
    },
    logs: () => {
      const readers = board.all().filter(({ path }) => path.startsWith(actorPaths.nginxLog));
      return new Map(logs.map(file => [file, stateOf(readers.find(({ detail }) => detail.file === file))]));
    },
  });
  await monitor.start();
  const stopping = new AbortController();
  const running = monitor.run(stopping.signal);
  onStop('usage completeness', async () => {
    stopping.abort();
    await running;
  });
}

function stateOf(reader: ActorStatus | undefined): MonitoredLog {
  const { read_until: until, missing } = reader?.detail ?? {};
  return {
    readUntil: typeof until === 'number' ? until : undefined,
    isUnreadable: missing === true || reader?.state === 'holding',
  };
}
