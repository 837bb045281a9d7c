import type { BatchLimits, QueueDefinition } from '../broker/broker.js';
import { queueName } from '../broker/queue-names.js';
import { type CategoryFilter, parseFilter } from '../events/filter.js';
import { integer, text } from '../settings/readers.js';
import type { Problems, Values } from '../settings/setting.js';
import { setting } from '../settings/setting.js';
import type { SinkDefinition } from '../sinks/sink.js';

/** A sink that is switched on, with everything that is needed to run it. */
export interface ConfiguredSink {
  readonly definition: SinkDefinition;
  /** The slice that `definition.configure` made, for `definition.open`. */
  readonly config: unknown;
  readonly queue: QueueDefinition;
  readonly batch: BatchLimits;
  /** Which events it takes; the others are counted as filtered. */
  readonly filter: CategoryFilter;
}

type CommonSettings = ReturnType<typeof commonSettings>;

/** The settings that every sink has. */
export function commonSettings({ prefix, title, name, batch }: SinkDefinition) {
  return {
    categories: setting(
      `${prefix}_CATEGORIES`,
      text().default('all'),
      `Which events go to ${title}: categories or \`category.type\`, comma-separated; \`!\` leaves one out.`,
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
    lingerMs: setting(
      `${prefix}_LINGER_MS`,
      integer(0, 60_000).default(String(batch.lingerMs)),
      'How long a batch waits for more after its first event, ms.',
    ),
  };
}

export function configuredSink(
  definition: SinkDefinition,
  config: unknown,
  common: Values<CommonSettings>,
  problems: Problems,
): ConfiguredSink {
  const { name, prefix } = definition;
  const { queue, count, lingerMs, categories } = common;
  if (queue !== undefined) checkQueueName(`${prefix}_QUEUE`, queue, problems);
  const parsed = parseFilter(categories);
  if ('problem' in parsed) problems.add(`${prefix}_CATEGORIES`, parsed.problem);
  return {
    definition,
    config,
    queue: { sink: name, name: queue ?? queueName(name), adopted: queue !== undefined },
    batch: { count, bytes: definition.batch.bytes, lingerMs },
    filter: 'filter' in parsed ? parsed.filter : { matches: () => true },
  };
}

/**
 * RABBITMQ_QUEUENAME gives the queue of the one sink there is; the local store counts only when it is alone.
 * Two sinks on one queue would take each other's events.
 */
export function assignQueues(
  sinks: readonly ConfiguredSink[],
  legacyName: string | undefined,
  problems: Problems,
): readonly ConfiguredSink[] {
  const assigned = legacyName === undefined ? sinks : adopt(sinks, legacyName, problems);
  const owners = new Map<string, ConfiguredSink>();
  for (const sink of assigned) {
    const owner = owners.get(sink.queue.name);
    if (owner === undefined) owners.set(sink.queue.name, sink);
    else {
      problems.add(
        `${sink.definition.prefix}_QUEUE`,
        `names the queue ${sink.queue.name}, which ${owner.definition.title} has. They would take each other's events: give each its own`,
      );
    }
  }
  return assigned;
}

function adopt(sinks: readonly ConfiguredSink[], name: string, problems: Problems): readonly ConfiguredSink[] {
  checkQueueName('RABBITMQ_QUEUENAME', name, problems);
  const remote = sinks.filter(sink => sink.definition.name !== 'local');
  const candidates = remote.length === 0 ? sinks : remote;
  const [only] = candidates;
  if (only === undefined || candidates.length > 1) {
    const which = candidates.map(sink => `${sink.definition.prefix}_QUEUE`).join(' or ');
    problems.add(
      'RABBITMQ_QUEUENAME',
      only === undefined
        ? 'is set, but no sink is configured that could take the queue over. Configure one, or leave it out'
        : `is set, but there are ${candidates.length} sinks that could take the queue over. Say which: set ${which} instead`,
    );
    return sinks;
  }
  if (only.queue.adopted && only.queue.name !== name) {
    problems.add(
      'RABBITMQ_QUEUENAME',
      `is set, and ${only.definition.prefix}_QUEUE says otherwise. Leave one of them out`,
    );
  }
  return sinks.map(sink => (sink === only ? { ...sink, queue: { ...sink.queue, name, adopted: true } } : sink));
}

function checkQueueName(setting: string, name: string, problems: Problems): void {
  if (Buffer.byteLength(name) > 255) problems.add(setting, 'must be at most 255 bytes long');
  if (name.startsWith('amq.')) problems.add(setting, 'must not begin with amq., which RabbitMQ keeps for itself');
}
