import type { Actor, PublisherMessage } from '../actors/protocol.js';
import type { Broker } from '../src/broker/broker.js';
import type { Config } from '../src/config/config.js';
import type { Writes } from '../src/delivery/writes.js';
import type { CountryOf } from '../src/geoip/countries.js';
import type { VisitorKeys } from '../src/nginx/traffic/visitors.js';
import type { Suppression } from '../src/people/suppression.js';
import type { Storage } from '../src/storage/storage.js';
import type { PartOptions } from './part.js';

/** What sources are made from. */
export type SourcesConfig = Pick<Config, 'nginx' | 'clowder' | 'health' | 'broker' | 'proxies' | 'sinks'>;

export interface SourcesOptions extends PartOptions {
  readonly config: SourcesConfig;
  /** Names of the sinks that are configured now. */
  readonly sinks: () => readonly string[];
  /** For the ids of the events that are made here: see events/identity.ts. */
  readonly idSecret: string;
  readonly suppression: Pick<Suppression, 'clean' | 'judge' | 'isEmpty'>;
  readonly writes: Writes;
  readonly broker: Broker;
  readonly publisher: Actor<PublisherMessage>;
  readonly storage: Pick<Storage, 'checkpoints' | 'keyValues' | 'read' | 'write'>;
  readonly visitors: VisitorKeys;
  readonly countryOf: CountryOf;
  /** Aborts when the shutdown runs out of time. */
  readonly giveUp: AbortSignal;
}

/** One kind of source. */
export interface Source {
  /** What is configured otherwise restarts, and goes on where it was. Returns the paths. Never rejects. */
  reload(config: SourcesConfig, hurry: AbortSignal): Promise<readonly string[]>;
}
