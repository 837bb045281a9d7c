import type { Clock } from '../../clock.js';
import type { Config } from '../../config/config.js';
import { Outgoing } from '../../outgoing.js';
import { accessLog } from './access-log.js';
import type { Attempt } from './attempt.js';
import { clowder } from './clowder.js';
import { dataFolder } from './data-folder.js';
import { destination } from './destination.js';
import { healthTarget } from './health-target.js';
import { listener } from './listener.js';
import { publisher } from './publisher.js';
import { RabbitMQAttempts } from './rabbitmq.js';

export interface Plan {
  readonly attempts: readonly Attempt[];
  /** Ends what the attempts share. Never rejects. */
  close(): Promise<void>;
}

/** Everything that a daemon of this configuration will do with what lies around it. */
export function planFor(config: Config, clock: Clock): Plan {
  const { server, keys, broker, nginx, health, sinks, proxies } = config;
  const outgoing = new Outgoing(proxies);
  const rabbitmq = new RabbitMQAttempts(
    broker,
    sinks.map(({ queue }) => queue),
    clock,
  );
  const inspector = broker.nodes.length === 0 ? undefined : rabbitmq.inspector(clock);
  return {
    attempts: [
      dataFolder(server, keys.entries === undefined && keys.file === undefined),
      listener(server),
      ...rabbitmq.attempts,
      ...sinks
        .filter(({ definition }) => definition.storesWith === undefined)
        .flatMap(sink => destination(sink, config, clock)),
      ...publisher(config),
      ...health.targets.map(target => healthTarget(target, inspector, { clock, outgoing })),
      ...(config.clowder === undefined ? [] : [clowder(config.clowder, outgoing, clock)]),
      ...nginx.files.map(file => accessLog(file, nginx.format)),
    ],
    close: () => rabbitmq.close(),
  };
}
