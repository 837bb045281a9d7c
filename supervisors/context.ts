import type { Config } from '../src/config/config.js';
import { Context } from '../src/context/context.js';
import { resourceStore } from '../src/context/store.js';
import { Outgoing } from '../src/outgoing.js';
import type { Suppression } from '../src/people/suppression.js';
import type { Storage } from '../src/storage/storage.js';
import type { PartOptions } from './part.js';

export interface ContextOptions extends Pick<PartOptions, 'clock' | 'log' | 'onStop'> {
  readonly config: Pick<Config, 'clowder' | 'proxies'>;
  readonly storage: Storage;
  readonly suppression: Pick<Suppression, 'recognises'>;
}

/** What is known of Clowder's resources. Questions end at the stop; what was learnt is kept. */
export async function startContext(options: ContextOptions): Promise<Context> {
  const { config, storage, clock, log, onStop, suppression } = options;
  const { clowder, proxies } = config;
  const isErased = (person: string): boolean => suppression.recognises(person);
  const outgoing = new Outgoing(proxies);
  const context = await Context.open({ clowder, store: resourceStore(storage), outgoing, clock, log, isErased });
  onStop('context', () => context.close());
  return context;
}
