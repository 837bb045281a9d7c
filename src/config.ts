import type { BrokerConfig } from './config/broker.js';
import type { HealthConfig } from './config/health.js';
import type { NginxConfig } from './config/nginx.js';
import type { DeadLetterConfig, LogConfig } from './config/operation.js';
import type { KeySource, Server } from './config/server.js';
import type { ConfiguredSink } from './config/sinks.js';
import type { LocalStore } from './sinks/local.js';

export type { ConfiguredSink } from './config/sinks.js';

/** Everything that was configured, read once. Each component is given its slice, never the whole. */
export interface Config {
  readonly server: Server;
  readonly keys: KeySource;
  readonly broker: BrokerConfig;
  /** Those that are switched on, in the order of the registry. */
  readonly sinks: readonly ConfiguredSink[];
  /** The local store; undefined when it is switched off. */
  readonly local: LocalStore | undefined;
  readonly nginx: NginxConfig;
  readonly health: HealthConfig;
  readonly deadLetters: DeadLetterConfig;
  readonly log: LogConfig;
  readonly sendNames: boolean;
  readonly shutdownMs: number;
}
