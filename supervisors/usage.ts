import type { Actor, PublisherMessage } from '../actors/protocol.js';
import { publishThrough } from '../actors/publisher.js';
import type { Broker } from '../src/broker/broker.js';
import type { Config, ConfiguredSink } from '../src/config/config.js';
import type { Context } from '../src/context/context.js';
import type { Event } from '../src/events/event.js';
import { singleFlight } from '../src/single-flight.js';
import { pageWithContext } from '../src/status/stored-events.js';
import type { Storage } from '../src/storage/storage.js';
import { isTaken, UsageAnnouncer } from '../src/usage/announcer.js';
import { ClosedMonths } from '../src/usage/closed-months.js';
import { deadMonths } from '../src/usage/dead-months.js';
import { MonthlyReports } from '../src/usage/monthly/monthly-reports.js';
import type { MonthlyUsage } from '../src/usage/monthly-usage.js';
import { type ReadStored, takenBy } from '../src/usage/recompute.js';
import { rulesOf } from '../src/usage/rules.js';
import { Submissions, submissionCategory } from '../src/usage/submissions.js';
import { Usage } from '../src/usage/usage.js';
import type { PartOptions } from './part.js';

export interface UsageOptions extends Pick<PartOptions, 'clock' | 'log'> {
  readonly config: Config;
  /** Those that are configured now. */
  readonly sinks: () => Config['sinks'];
  readonly storage: Storage;
  readonly broker: Broker;
  readonly publisher: Actor<PublisherMessage>;
  readonly context: Context;
  /** What makes pseudonyms of people (ID_SECRET). */
  readonly idSecret: string;
}

/** How long it is remembered of which months the dead letters are, ms: reading them takes a while. */
const deadAgeMs = 30_000;

/** The counts, for whoever asks. Undefined when usage is off. */
export function createUsage(options: UsageOptions): Usage | undefined {
  const { config, storage, broker, clock, log, idSecret, context } = options;
  const usageConfig = config.usage;
  if (usageConfig === undefined) return undefined;
  const deadOf = singleFlight(clock, deadAgeMs, () => deadMonths(broker.deadLetters));
  const waiting = async () => {
    const [{ ready, unsettled }, dead] = await Promise.all([broker.depth('usage'), broker.deadLetters.count('usage')]);
    const pending = ready + unsettled + broker.status().outbox;
    return { pending, dead, ...(dead === 0 ? {} : { deadOf: await deadOf() }) };
  };
  const isConnected = () => broker.status().state === 'ready';
  const rules = () => rulesOf(usageConfig, idSecret);
  const stored = storedFor(options);
  const sink = () => options.sinks().find(({ definition }) => definition.name === 'usage');
  const known = async (events: readonly Event[]) => {
    const taken = events.filter(event => sink()?.filter.matches(event) ?? true);
    await context.load(() => taken);
    return taken.map(event => context.addTo(event));
  };
  const announcer = new UsageAnnouncer({
    storage,
    publish: publishThrough(options.publisher).publish,
    idSecret,
    clock,
  });
  return new Usage({
    storage,
    config: usageConfig,
    waiting,
    isConnected,
    stored,
    known,
    rules,
    get announce() {
      return isAnnounced(options.sinks()) ? announcer.announce : undefined;
    },
    clock,
    log,
  });
}

export interface RunningUsage extends UsageOptions, Pick<PartOptions, 'onStop'> {
  readonly usage: Usage | undefined;
}

/**
 * Looks at months that are over until the stop: they are closed, their reports kept, and submitted where there is a
 * hub.
 */
export function runUsage(options: RunningUsage): MonthlyUsage | undefined {
  const { config, storage, usage, clock, log, onStop, idSecret } = options;
  if (usage === undefined) return undefined;
  const hubs = () => options.sinks().filter(isHub);
  const keyValues = storage.keyValues('usage-reports');
  const reports = new MonthlyReports({ usage, dataDir: config.server.dataDir, keyValues, clock });
  const submissions = new Submissions({
    usage,
    hubs: () => hubs().map(({ definition }) => definition.name),
    publish: publishThrough(options.publisher).publish,
    idSecret,
    clock,
  });
  const closed = new ClosedMonths({ reports, submissions, hubs: () => hubs().map(addressOf), keyValues, clock, log });
  const stopping = new AbortController();
  const running = usage.run(stopping.signal, closed);
  onStop('usage', async () => {
    stopping.abort();
    await running;
  });
  return {
    list: () => reports.list(),
    text: (month, format) => reports.text(month, format),
    submit: submission => submissions.submit(submission),
  };
}

function isHub({ definition }: ConfiguredSink): boolean {
  return definition.categories?.includes(submissionCategory) ?? false;
}

/** Another address is another hub. */
function addressOf({ definition, config }: ConfiguredSink): string {
  return `${definition.name} ${(config as { readonly url: string }).url}`;
}

/** A sink takes what is announced; that the local store does is no reason to. */
function isAnnounced(sinks: Config['sinks']): boolean {
  return sinks.some(({ definition, filter }) => definition.storesWith === undefined && isTaken(filter));
}

/** Stored events as the sink gets them; undefined where the store has not as much of people as the sink. */
function storedFor({ config, storage, context }: UsageOptions): ReadStored | undefined {
  const [store, sink] = ['local', 'usage'].map(name => config.sinks.find(({ definition }) => definition.name === name));
  if (store === undefined || sink === undefined || store.personal !== sink.personal || store.personal !== 'full')
    return undefined;
  return takenBy(sink.filter, async query => pageWithContext(await storage.events.query(query), context));
}
