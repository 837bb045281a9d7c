import type { ConfiguredSink } from '../config/config.js';
import type { Writes } from '../delivery/writes.js';
import type { People } from '../people/people.js';
import { isPseudonym, type PersonalLevel } from '../people/personal-data.js';
import { untilAborted } from '../retry.js';
import type { SinkTools } from '../sinks/sink.js';
import type { Outcome, Place } from './place.js';

export interface SinkPlacesOptions {
  readonly sinks: readonly ConfiguredSink[];
  readonly toolsOf: (sink: string) => SinkTools;
  readonly writes: Pick<Writes, 'ended'>;
}

/** The destinations, each as far as its sink can ask it. What lies in the daemon's own storage is not among them. */
export function sinkPlaces({ sinks, toolsOf, writes }: SinkPlacesOptions): Place[] {
  return sinks.flatMap(({ definition, config, personal }): Place[] => {
    const { name, people: ability, title } = definition;
    if (definition.storesWith === 'storage') return [];
    const held = ability?.export?.bind(ability);
    return [
      {
        name,
        isDistant: true,
        async erase(people, { signal }): Promise<Outcome> {
          if (people.texts === undefined) return {};
          if (ability === undefined) return { steps: [`${title}: delete there what it has of the person`] };
          // What a write before had in hand is there by then; it may have to wait for its rate.
          await untilAborted(signal, writes.ended(name), () => undefined);
          signal.throwIfAborted();
          return ability.erase(config, asKnownThere(people, personal), toolsOf(name), signal);
        },
        ...(held === undefined
          ? {}
          : {
              export: (people, signal) => held(config, asKnownThere(people, personal), toolsOf(name), signal),
            }),
      },
    ];
  });
}

/** A destination that never had a name or a mail address does not get it by being asked about it. */
function asKnownThere(people: People, personal: PersonalLevel): People {
  const { texts } = people;
  if (texts === undefined || personal === 'full') return people;
  return { texts: texts.filter(isPseudonym), judge: people.judge };
}
