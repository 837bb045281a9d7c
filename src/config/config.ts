import type { ClowderConfig } from '../context/clowder/client.js';
import type { CountrySource } from '../geoip/countries.js';
import type { KeySource } from '../keys/keys.js';
import type { NginxConfig } from '../nginx/nginx-config.js';
import type { NotifyConfig } from '../notify/config.js';
import type { Proxies } from '../outgoing.js';
import type { LocalStore } from '../sinks/local.js';
import type { UsageConfig } from '../usage/config.js';
import type { BrokerConfig } from './broker.js';
import type { DeadLetterConfig } from './dead-letters.js';
import type { HealthConfig } from './health.js';
import type { LogConfig } from './log.js';
import type { Server } from './server.js';
import type { ConfiguredSink } from './sinks.js';

export type { ConfiguredSink } from './sinks.js';

/** Everything that was configured, read once. Each component is given its slice, never the whole. */
export interface Config {
  readonly server: Server;
  readonly keys: KeySource;
  readonly broker: BrokerConfig;
  /** Those that are switched on: in the order of the registry, then those under names of their own. */
  readonly sinks: readonly ConfiguredSink[];
  /** The local store; undefined when it is switched off. */
  readonly local: LocalStore | undefined;
  /** The counting of usage; undefined when it is off. */
  readonly usage: UsageConfig | undefined;
  /** Who is notified of what; undefined when there is no channel. */
  readonly notify: NotifyConfig | undefined;
  /** Undefined when CLOWDER_URL is not set. */
  readonly clowder: ClowderConfig | undefined;
  readonly nginx: NginxConfig;
  readonly geoip: CountrySource;
  readonly health: HealthConfig;
  readonly deadLetters: DeadLetterConfig;
  readonly log: LogConfig;
  readonly proxies: Proxies;
  readonly shutdownMs: number;
}
