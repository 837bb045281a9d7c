import type { BatchLimits, QueueDefinition } from '../broker/broker.js';
import { queueName } from '../broker/queue-names.js';
import { internalCategories } from '../events/catalogue.js';
import { type CategoryFilter, parseFilter, within } from '../events/filter.js';
import { type PersonalLevel, personalLevels } from '../people/personal-data.js';
import { integer } from '../settings/numbers.js';
import type { Problems, Values } from '../settings/setting.js';
import { setting } from '../settings/setting.js';
import { choice, text } from '../settings/words.js';
import type { SinkDefinition } from '../sinks/sink.js';
import { checkQueueName } from './queues.js';

/** A sink that is switched on, with everything that is needed to run it. */
export interface ConfiguredSink {
  readonly definition: SinkDefinition;
  /** The slice that `definition.configure` made, for `definition.open`. */
  readonly config: unknown;
  readonly queue: QueueDefinition;
  readonly batch: BatchLimits;
  /** Which events it takes; the others are counted as filtered. */
  readonly filter: CategoryFilter;
  /** Most writes at once. */
  readonly concurrency: number;
  /** Most events a second; undefined = as fast as it takes them. */
  readonly rate?: number | undefined;
  /** How much of people its events hold. */
  readonly personal: PersonalLevel;
  /** For people, where it is configured: the settings that begin with `MONGODB_`, or `sinks[1]` of the file. */
  readonly place: string;
  /** The setting that names its queue. */
  readonly queueSetting: string;
  /** The one that says which events it takes. */
  readonly filterSetting: string;
  /** Differs when anything that was given for it does, even where the values that follow cannot be compared. */
  readonly given: string;
}

export type CommonSettings = ReturnType<typeof commonSettings>;

/** The settings that every sink has. */
export function commonSettings(definition: SinkDefinition) {
  const { prefix, title, name, batch, concurrency, analytics, categories, storesWith } = definition;
  const internal = internalCategories
    .map(category => `\`${category}\``)
    .join(', ')
    .replace(/, ([^,]*)$/, ' and $1');
  const rate = setting(
    `${prefix}_RATE`,
    integer(1, 1_000_000).optional(),
    `Most events a second to ${title}. Default: as fast as it takes them.`,
    { example: '50' },
  );
  const atOnce = setting(
    `${prefix}_CONCURRENCY`,
    integer(1, 16).default(String(concurrency ?? 1)),
    `Most writes to ${title} at once; there are several only while much waits and answers are quick. 1 keeps events in order.`,
  );
  return {
    categories: setting(
      `${prefix}_CATEGORIES`,
      text().default(categories?.join(',') ?? 'all'),
      `Which events go to ${title}: categories or \`category.type\`, comma-separated; \`!\` leaves one out.${analytics ? ` Without ${internal}, unless they are named.` : ''}`,
      { example: 'upload,download.file,!health' },
    ),
    queue: setting(
      `${prefix}_QUEUE`,
      text().optional(),
      `An existing queue to take over. Default: \`${queueName(name)}\`, declared by the daemon.`,
      { example: queueName(name) },
    ),
    count: setting(
      `${prefix}_BATCH_SIZE`,
      integer(1, 20_000).default(String(batch.count)),
      `Most events in one write to ${title}.`,
    ),
    personal: setting(
      `${prefix}_PERSONAL`,
      choice(...personalLevels).default(analytics ? 'none' : 'full'),
      `How much personal data this sink gets. \`full\`: what was received. \`pseudonym\`: hashes in place of ids and names of people, mail addresses and IP addresses. \`none\`: ids as hashes; no names, mail addresses, IP addresses and user agents (system, browser and kind of device stay). The hashes are made with ID_SECRET.`,
      // Whoever reads what is stored asks how much of people it holds.
      { needsRestart: storesWith !== undefined },
    ),
    // What the daemon keeps itself, it keeps as it accepts it.
    ...(storesWith === undefined ? { rate } : ({} as { readonly rate: typeof rate })),
    ...(concurrency === undefined ? ({} as { readonly concurrency: typeof atOnce }) : { concurrency: atOnce }),
    lingerMs: setting(
      `${prefix}_LINGER_MS`,
      integer(0, 60_000).default(String(batch.lingerMs)),
      'How long a batch waits for more after its first event, ms.',
    ),
  };
}

interface ReadSettings {
  /** The declarations, under the names that they have for this sink. */
  readonly common: CommonSettings;
  readonly values: Values<CommonSettings>;
  readonly given: string;
}

export function configuredSink(
  definition: SinkDefinition,
  config: unknown,
  { common, values, given }: ReadSettings,
  place: string,
  problems: Problems,
): ConfiguredSink {
  const { name } = definition;
  const { queue, count, lingerMs, categories, personal, rate } = values;
  const size = Math.min(count, rate ?? count);
  const concurrency = values.concurrency ?? 1;
  if (queue !== undefined) checkQueueName(common.queue.name, queue, problems);
  const parsed = parseFilter(categories, definition.analytics ? internalCategories : []);
  if ('problem' in parsed) problems.add(common.categories.name, parsed.problem);
  return {
    definition,
    config,
    queue: {
      sink: name,
      name: queue ?? queueName(name),
      adopted: queue !== undefined,
      ...(definition.singleConsumer === undefined ? {} : { singleConsumer: definition.singleConsumer }),
    },
    // What is written at once is never more than what may go in a second.
    batch: { count: size, bytes: definition.batch.bytes, lingerMs },
    concurrency: rate === undefined ? concurrency : Math.min(concurrency, Math.floor(rate / size)),
    ...(rate === undefined ? {} : { rate }),
    filter: within(definition.categories, 'filter' in parsed ? parsed.filter : { matches: () => true }),
    personal,
    place,
    queueSetting: common.queue.name,
    filterSetting: common.categories.name,
    given,
  };
}
