import type { Clock } from '../../clock.js';
import { ClowderClient, type ClowderConfig } from '../../context/clowder/client.js';
import { Clowder } from '../../context/clowder/clowder.js';
import type { Outgoing } from '../../outgoing.js';
import type { Attempt } from './attempt.js';

/** Nothing has this id. */
const nothing = '0'.repeat(24);

/** One question about a dataset that is not there, as the daemon asks. */
export function clowder(config: ClowderConfig, outgoing: Outgoing, clock: Pick<Clock, 'now'>): Attempt {
  const now = (): number => clock.now();
  return {
    dependency: 'Clowder',
    tried: `ask ${config.url} about a dataset`,
    setting: 'CLOWDER_URL',
    fix: 'start Clowder there, or correct its address in CLOWDER_URL: until then events lack the datasets and spaces that only Clowder knows',
    async run(signal) {
      const asked = new Clowder(new ClowderClient(config, outgoing, now), now);
      await asked.ask({ kind: 'dataset', id: nothing, candidates: () => [], moreFiles: false }, signal);
      return asked.api === undefined ? 'answers' : `Clowder ${asked.api} answers`;
    },
  };
}
