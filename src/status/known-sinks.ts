import { sinkOfQueue } from '../broker/queue-names.js';
import type { SinkDefinition } from '../sinks/sink.js';
import type { KeyValues } from '../storage/key-values.js';

const key = 'named';
const keepMs = 3650 * 24 * 3_600_000;

/**
 * Names of all sinks that may have left a queue behind: every kind there is, the configured ones, and those under names
 * of their own that this daemon ever had. RabbitMQ has no list of queues to ask for, and the queue of an entry that
 * left the file goes on filling.
 */
export async function knownSinkNames(
  registry: readonly SinkDefinition[],
  configured: readonly string[],
  keyValues: KeyValues,
): Promise<readonly string[]> {
  const kinds = registry.map(({ name }) => name);
  const kept = (await keyValues.get([key])).get(key)?.split(',') ?? [];
  const named = [...new Set([...kept, ...configured.filter(name => !kinds.includes(name))])].sort();
  if (named.length > kept.length) await keyValues.put([[key, named.join(',')]], keepMs);
  return [...kinds, ...named];
}

/**
 * The sink whose queue a name would be, for a sink under a name of its own:
 * `mongodb.archive` of `event-sink.mongodb.archive`.
 */
export function namedSinkOf(queue: string, registry: readonly SinkDefinition[]): string | undefined {
  const sink = sinkOfQueue(queue);
  const kind = sink?.slice(0, Math.max(0, sink.lastIndexOf('.')));
  // A channel has a dot in the name of its kind, and a queue for dead letters one behind it.
  if (sink === undefined || sink.endsWith('.dead') || registry.some(({ name }) => name === sink)) return undefined;
  return registry.some(({ name, storesWith }) => name === kind && storesWith === undefined) ? sink : undefined;
}
