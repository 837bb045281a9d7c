import type { Delivery } from '../broker/broker.js';
import type { Clock } from '../clock.js';
import type { ConfiguredSink } from '../config/config.js';
import { notifyRulesSetting } from '../config/notify.js';
import { type Context, preview } from '../context/context.js';
import { createPrepare, type Prepared } from '../delivery/prepare.js';
import { describe } from '../errors.js';
import { type Decoded, decode } from '../events/decode.js';
import type { Event } from '../events/event.js';
import { isFor } from '../events/message.js';
import { personalFilter } from '../people/personal-data.js';
import type { Render, RenderTools } from '../sinks/sink.js';
import type { Explanation, SinkExplanation } from './explanation.js';
import { explained, personalChanges } from './fields.js';

export interface ExplainerOptions {
  readonly sinks: readonly ConfiguredSink[];
  /** What makes pseudonyms of people (ID_SECRET). */
  readonly idSecret: string;
  readonly clock: Clock;
  /** What is known beside the events, by default what each says itself; nothing is learnt from them. */
  readonly context?: Pick<Context, 'preview' | 'load'> | undefined;
}

const nothingKnown: NonNullable<ExplainerOptions['context']> = {
  load: () => undefined,
  preview: event => preview(event, () => undefined),
};

/** One sink with what its consumer and its session would use. */
interface Explained {
  readonly sink: ConfiguredSink;
  readonly prepare: (deliveries: readonly Delivery[]) => Promise<Prepared>;
  readonly render: () => Promise<Render>;
}

/**
 * Says what would become of an event at each sink, by the functions by which it would be delivered: `createPrepare`
 * decodes and filters for consumers, and a sink's renderer makes what its session writes. Nothing is published, stored,
 * counted or sent.
 */
export class Explainer {
  readonly #sinks: readonly Explained[];

  constructor(options: ExplainerOptions) {
    this.#sinks = options.sinks.map(sink => explainedSink(sink, options));
  }

  async explain(delivery: Delivery): Promise<Explanation> {
    const event = eventOf(decode(delivery, delivery.received));
    const sinks: [string, SinkExplanation][] = [];
    for (const one of this.#sinks) sinks.push([one.sink.definition.name, await explainAt(one, delivery, event)]);
    return { event: explained(delivery, event), refused: [], sinks: Object.fromEntries(sinks) };
  }
}

function explainedSink(sink: ConfiguredSink, options: ExplainerOptions): Explained {
  const { definition, config, filter, personal } = sink;
  const { clock, idSecret, context = nothingKnown } = options;
  const tools: RenderTools = { name: definition.name, clock, idSecret };
  let render: Promise<Render> | undefined;
  return {
    sink,
    prepare: createPrepare({
      filter,
      isSelective: definition.categories !== undefined,
      withoutPeople: personalFilter(personal, idSecret),
      acceptsText: definition.acceptsText ?? false,
      firstSeen: async ids => new Map(ids.map(id => [id, clock.now()])),
      clock,
      context: { hear: () => {}, addTo: event => context.preview(event), load: events => context.load(events) },
      ...(definition.maxAgeMs === undefined ? {} : { maxAgeMs: definition.maxAgeMs }),
    }),
    render: () => {
      render ??= Promise.resolve().then(() => definition.renderer(config, tools));
      return render;
    },
  };
}

async function explainAt(
  { sink, prepare, render }: Explained,
  delivery: Delivery,
  event: Event,
): Promise<SinkExplanation> {
  const { definition } = sink;
  const { items, filtered, tooOld, dead } = isFor(delivery, definition.name)
    ? await prepare([delivery])
    : { items: [], filtered: [], tooOld: [], dead: [] };
  if (filtered.length > 0) return left('filtered', filterReason(sink, event));
  if (tooOld.length > 0) return left('too_old', ageReason(sink));
  const [deadDelivery] = dead;
  if (deadDelivery !== undefined) return left('refused', deadDelivery.reason);
  const [item] = items;
  if (item === undefined) return left('not_addressed', `it is for ${(delivery.sinks ?? []).join(', ')}`);
  const changes = {
    ...personalChanges(sink.personal, event, item.event),
    // A store of events has what was received, and adds the rest when it is asked.
    ...(item.event.context === undefined || definition.keepsEvents ? {} : { context: Object.keys(item.event.context) }),
  };
  try {
    const rendering = (await render())(item.event);
    if ('refused' in rendering) return { ...left('refused', rendering.refused), ...changes };
    if ('tooOld' in rendering) return { ...left('too_old', rendering.tooOld), ...changes };
    if ('nothing' in rendering) return { ...left('ignored', rendering.nothing), ...changes };
    return { outcome: 'delivered', ...changes, output: rendering.output, notes: rendering.notes ?? [] };
  } catch (error) {
    return left('held', describe(error));
  }
}

function left(outcome: SinkExplanation['outcome'], reason: string): SinkExplanation {
  return { outcome, reason, notes: [] };
}

/** The decision is the filter's; this finds words for it. */
function filterReason({ definition, filterSetting }: ConfiguredSink, { category, type, text }: Event): string {
  const { categories, title } = definition;
  const isByRules = filterSetting === notifyRulesSetting && text === undefined;
  if (!isByRules && categories !== undefined && (text !== undefined || !categories.includes(category)))
    return `${title} takes ${categories.join(', ')} alone`;
  return `${filterSetting} leaves out ${type === undefined ? category : `${category}.${type}`}`;
}

function ageReason({ definition: { title, maxAgeMs = 0 } }: ConfiguredSink): string {
  return `${title} takes no event that is older than ${Math.round(maxAgeMs / 3_600_000)} hours`;
}

function eventOf(decoded: Decoded): Event {
  if (decoded.kind === 'undated') throw new Error('a stamped event is still undated');
  return decoded.event;
}
