import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../clock.js';
import type { Config } from '../config/config.js';
import { usageSinkOf } from '../config/usage.js';
import type { Context } from '../context/context.js';
import type { CountryOf } from '../geoip/countries.js';
import { Explainer } from './explainer.js';
import type { Explanation } from './explanation.js';
import { type InputKind, readInput } from './input.js';

export interface ExplainOptions {
  readonly config: Pick<Config, 'sinks' | 'nginx' | 'clowder'>;
  /** What makes pseudonyms and ids (ID_SECRET). */
  readonly idSecret: string;
  readonly countryOf: CountryOf;
  readonly clock: Clock;
  /** What is known beside the events; undefined = what they say themselves. */
  readonly context?: Pick<Context, 'preview' | 'load'> | undefined;
}

/**
 * From a text to what would become of each of its events.
 * @throws InputError when it is not of its kind, or holds more events
 */
export type Explain = (text: string, kind: InputKind, maxEvents?: number) => Promise<readonly Explanation[]>;

export function createExplain({ config, idSecret, countryOf, clock, context }: ExplainOptions): Explain {
  const { sinks, nginx, clowder } = config;
  const usageSink = usageSinkOf(sinks, 'nginx');
  const input = { nginx, usageSink, clowderUrl: clowder?.url, idSecret, countryOf, now: () => clock.now() };
  const explainer = new Explainer({ sinks, idSecret, clock, context });
  return async (text, kind, maxEvents = Number.POSITIVE_INFINITY) => {
    const inputs = readInput(text, kind, { ...input, maxEvents });
    const explanations: Explanation[] = [];
    for (const one of inputs) {
      explanations.push(
        'delivery' in one ? await explainer.explain(one.delivery) : { event: null, refused: one.refused, sinks: {} },
      );
      // A daemon has other things to do meanwhile.
      await setImmediate();
    }
    return explanations;
  };
}
