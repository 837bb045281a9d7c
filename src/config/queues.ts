import type { QueueDefinition } from '../broker/broker.js';
import type { Problems } from '../settings/setting.js';

/** What the assignment of queues needs to know of a sink. */
export interface QueueOwner {
  readonly definition: {
    readonly title: string;
    readonly storesWith?: 'storage';
    readonly keepsEvents?: true;
    readonly notifies?: true;
  };
  readonly queue: QueueDefinition;
  readonly queueSetting: string;
}

/**
 * RABBITMQ_QUEUENAME gives the queue of the one sink there is; a sink that keeps its events in the daemon's own storage
 * counts only when it is alone, and a channel for notifications never. Two sinks on one queue would take each other's
 * events.
 */
export function assignQueues<Sink extends QueueOwner>(
  sinks: readonly Sink[],
  legacyName: string | undefined,
  problems: Problems,
): readonly Sink[] {
  const assigned = legacyName === undefined ? sinks : adopt(sinks, legacyName, problems);
  const owners = new Map<string, Sink>();
  for (const sink of assigned) {
    const owner = owners.get(sink.queue.name);
    if (owner === undefined) owners.set(sink.queue.name, sink);
    else {
      problems.add(
        sink.queueSetting,
        `names the queue ${sink.queue.name}, which ${owner.definition.title} has. They would take each other's events: give each its own`,
      );
    }
  }
  return assigned;
}

function adopt<Sink extends QueueOwner>(sinks: readonly Sink[], name: string, problems: Problems): readonly Sink[] {
  checkQueueName('RABBITMQ_QUEUENAME', name, problems);
  const remote = sinks.filter(
    ({ definition }) => definition.storesWith === undefined && definition.notifies === undefined,
  );
  const candidates = remote.length === 0 ? sinks.filter(({ definition }) => definition.keepsEvents) : remote;
  const [only] = candidates;
  if (only === undefined || candidates.length > 1) {
    problems.add(
      'RABBITMQ_QUEUENAME',
      only === undefined
        ? 'is set, but no sink is configured that could take the queue over. Configure one, or leave it out'
        : `is set, but there are ${candidates.length} sinks that could take the queue over. Say which: set ${candidates.map(({ queueSetting }) => queueSetting).join(' or ')} instead`,
    );
    return sinks;
  }
  if (only.queue.adopted && only.queue.name !== name) {
    problems.add('RABBITMQ_QUEUENAME', `is set, and ${only.queueSetting} says otherwise. Leave one of them out`);
  }
  return sinks.map(sink => (sink === only ? { ...sink, queue: { ...sink.queue, name, adopted: true } } : sink));
}

export function checkQueueName(setting: string, name: string, problems: Problems): void {
  if (Buffer.byteLength(name) > 255) problems.add(setting, 'must be at most 255 bytes long');
  if (name.startsWith('amq.')) problems.add(setting, 'must not begin with amq., which RabbitMQ keeps for itself');
}
