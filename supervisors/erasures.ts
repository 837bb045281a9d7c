import type { Broker } from '../src/broker/broker.js';
import type { Config } from '../src/config/config.js';
import type { Context } from '../src/context/context.js';
import { toBroker, type Writes } from '../src/delivery/writes.js';
import { brokerPlaces, type QueueMarks } from '../src/erasure/broker-places.js';
import { daemonPlaces } from '../src/erasure/daemon-places.js';
import { Erasures } from '../src/erasure/erasures.js';
import { sinkPlaces } from '../src/erasure/sink-places.js';
import { storedEventPlaces } from '../src/erasure/stored-events.js';
import { hashOf } from '../src/events/identity.js';
import type { Log } from '../src/log.js';
import { Suppression } from '../src/people/suppression.js';
import type { Storage } from '../src/storage/storage.js';
import type { ToolsOf } from './delivery.js';
import type { PartOptions } from './part.js';

interface SuppressionOptions {
  readonly storage: Storage;
  readonly idSecret: string;
  readonly log: Log;
}

/** Everybody who was erased, before anything is let in or delivered. */
export async function loadSuppression({ storage, idSecret, log }: SuppressionOptions): Promise<Suppression> {
  const rows = await storage.write('erasedPeople');
  const secret = hashOf(idSecret);
  const others = rows.filter(row => row[1] !== secret).length;
  if (others > 0) log.error({ people: others, reason: 'ID_SECRET is another than it was' }, 'suppression.unknown');
  return new Suppression(
    idSecret,
    rows.map(([hash]) => hash),
  );
}

export interface ErasuresOptions extends Pick<PartOptions, 'clock' | 'log' | 'onStop'> {
  /** As it runs now. */
  readonly config: () => Config;
  readonly broker: Broker;
  readonly storage: Storage;
  readonly context: Context;
  readonly idSecret: string;
  readonly suppression: Suppression;
  readonly toolsOf: ToolsOf;
  readonly writes: Writes;
}

/** Goes on with erasures that are not done, and takes new ones until the stop. */
export function startErasures(options: ErasuresOptions): Erasures {
  const { config, broker, storage, context, idSecret, suppression, toolsOf, writes } = options;
  const { clock, log, onStop } = options;
  const marks: QueueMarks = new Map();
  const placesNow = () => {
    const { sinks, server, nginx } = config();
    return [
      ...storedEventPlaces({ storage }),
      ...daemonPlaces({
        storage,
        idSecret,
        dataDir: server.dataDir,
        accessLogs: nginx.files,
        forgetContext: () => context.forget(),
      }),
      ...brokerPlaces(
        broker,
        sinks.map(({ definition }) => definition.name),
        marks,
      ),
      ...sinkPlaces({ sinks, toolsOf, writes }),
    ];
  };
  const erasures = new Erasures({
    ...{ storage, suppression, idSecret, clock, log },
    settled: () => writes.ended(toBroker, ...storedIn(config())),
    // A sink that was taken over is a place too.
    get places() {
      return placesNow();
    },
  });
  erasures.start();
  onStop('erasures', () => erasures.close());
  return erasures;
}

/** The sinks whose rows lie in the daemon's own storage. */
function storedIn({ sinks }: Pick<Config, 'sinks'>): string[] {
  return sinks.flatMap(({ definition: { name, storesWith } }) => (storesWith === 'storage' ? [name] : []));
}
