import { TransientError, UnsupportedError } from '../../errors.js';
import { isFor, type Message } from '../../events/message.js';
import type { WriteCall } from '../../storage/calls.js';
import { givenIdsOf } from '../../storage/id-register.js';
import type { LedgerReport } from '../../storage/ledger-report.js';
import type { PublishArguments, Stored, StoredRows } from '../../storage/publish.js';
import type { MessageColumns, QueueState } from '../../storage/queues.js';
import { withoutShared } from '../../storage/shared-columns.js';
import { UnderWay } from '../../under-way.js';
import { announce } from '../announce.js';
import type {
  Address,
  Broker,
  BrokerStatus,
  DeadLetterStore,
  Depth,
  Durability,
  MessageProperties,
  PreparedRows,
  Publication,
  QueueDefinition,
  QueueInfo,
  StoredDelivery,
  Subscription,
} from '../broker.js';
import { EmbeddedDeadLetters } from './dead-letters.js';
import { GroupPublisher, largeGroup } from './group-publish.js';
import { EmbeddedQueue } from './queue.js';
import { EmbeddedSubscription, type EmbeddedTools } from './subscription.js';

/** The broker that needs no server: durable queues in the daemon's own storage. For one daemon. */
export class EmbeddedBroker implements Broker {
  readonly kind = 'embedded';
  readonly deadLetters: DeadLetterStore;
  readonly #tools: EmbeddedTools;
  readonly #queues = new Map<string, EmbeddedQueue>();
  readonly #subscriptions = new Map<EmbeddedSubscription, string>();
  readonly #publishing = new UnderWay();
  readonly #grouped: GroupPublisher;
  #stored: StoredDelivery | undefined;

  constructor(tools: EmbeddedTools) {
    this.#tools = tools;
    this.#grouped = new GroupPublisher(messages => this.#publish(messages, []), tools.log);
    this.deadLetters = new EmbeddedDeadLetters(tools.storage, (sink, count) =>
      this.#queues.get(sink)?.announce(count, count),
    );
  }

  async open(queues: readonly QueueDefinition[]): Promise<void> {
    const { storage } = this.#tools;
    const states = await storage.atomically(queues.map(({ name, sink }) => ['declareQueue', { name, sink }] as const));
    for (const [index, names] of queues.entries()) {
      this.#queues.set(names.sink, new EmbeddedQueue(storage, names, states[index]!));
    }
  }

  async addQueue(queue: QueueDefinition): Promise<void> {
    if (this.#queues.get(queue.sink)?.name !== queue.name) await this.open([queue]);
  }

  async leaveQueue(sink: string): Promise<void> {
    this.#queues.delete(sink);
  }

  publish(messages: readonly Message[]): Promise<Durability> {
    return new Promise((accepted, failed) => this.publishAll([{ messages, accepted, failed }]));
  }

  publishAll(publications: readonly Publication[]): void {
    for (const publication of publications) {
      try {
        this.#requireQueues(publication.messages);
      } catch (error) {
        announce(this.#tools.log, () => publication.failed(error));
        continue;
      }
      if (publication.messages.length === 0) announce(this.#tools.log, () => publication.accepted('embedded'));
      else this.#grouped.add(publication);
    }
  }

  async publishWith(messages: readonly Message[], calls: readonly WriteCall[]): Promise<void> {
    this.#requireQueues(messages);
    await this.#publish(messages, calls);
  }

  deliverStored(delivery: StoredDelivery): void {
    this.#stored = delivery;
  }

  async #publish(messages: readonly Message[], calls: readonly WriteCall[]): Promise<void> {
    const prepared = messages.length === 0 ? [] : (this.#stored?.prepare(messages) ?? []);
    const write = (rows: readonly StoredRows[]): Promise<unknown[]> =>
      this.#write(messages.length === 0 ? calls : [['publish', columnsOf(messages, rows)], ...calls], messages.length);
    const stored = await this.#writeStored(prepared, write);
    const served = new Set<string>();
    for (const [index, result] of stored.entries()) {
      if (result === undefined) continue;
      const { rows, delivered } = prepared[index]!;
      served.add(rows.sink);
      announce(this.#tools.log, () => delivered(result));
    }
    for (const queue of this.#queues.values()) {
      if (served.has(queue.sink)) continue;
      const arrived = messages.filter(message => isFor(message, queue.sink));
      const bytes = arrived.reduce((sum, { body }) => sum + body.length, 0);
      if (arrived.length > 0) queue.announce(arrived.length, bytes);
    }
  }

  /** What cannot be stored at once, for whatever reason, is its sink's to judge: then it comes through the queue. */
  async #writeStored(
    prepared: readonly PreparedRows[],
    write: (rows: readonly StoredRows[]) => Promise<unknown[]>,
  ): Promise<readonly (Stored | undefined)[]> {
    try {
      const [stored] = await write(prepared.map(({ rows }) => rows));
      return prepared.length === 0 ? [] : (stored as (Stored | undefined)[]);
    } catch (error) {
      if (prepared.length === 0 || error instanceof TransientError) throw error;
      await write([]);
      return [];
    }
  }

  #requireQueues(messages: readonly Message[]): void {
    for (const { sinks = [] } of messages) for (const sink of sinks) this.#queueOf(sink);
  }

  #queueOf(sink: string): EmbeddedQueue {
    const queue = this.#queues.get(sink);
    if (queue === undefined) throw new UnsupportedError(`no queue feeds a sink called ${sink}`);
    return queue;
  }

  async #write(calls: readonly WriteCall[], count = 0): Promise<unknown[]> {
    const { storage } = this.#tools;
    const ended = this.#publishing.begin();
    try {
      const results = await storage.atomically<WriteCall[]>([...calls], { large: count >= largeGroup });
      storage.acceptance.accepted();
      return results;
    } catch (error) {
      if (error instanceof TransientError) storage.acceptance.refused(error);
      throw error;
    } finally {
      ended();
    }
  }

  async publishTo(_address: Address, _body: string, _properties?: MessageProperties): Promise<Durability> {
    throw new UnsupportedError('Publishing to an exchange or a queue by name needs RabbitMQ: set RABBITMQ_URI.');
  }

  async subscribe(sink: string, prefetch: number): Promise<Subscription> {
    const queue = this.#queueOf(sink);
    const subscription: EmbeddedSubscription = new EmbeddedSubscription(queue, prefetch, this.#tools, () =>
      this.#subscriptions.delete(subscription),
    );
    this.#subscriptions.set(subscription, queue.name);
    return subscription;
  }

  async depth(sink: string): Promise<Depth> {
    const name = this.#queues.get(sink)?.name;
    const state = (await this.#states()).find(queue => queue.name === name);
    const subscriptions = this.#of(name);
    const unsettled = subscriptions.reduce((sum, subscription) => sum + subscription.unsettled, 0);
    return {
      ready: Math.max(0, (state?.pending ?? 0) - unsettled),
      unsettled,
      consumers: subscriptions.filter(({ consuming }) => consuming).length,
      oldest: state?.oldest,
    };
  }

  async inspect(name: string): Promise<{ messages: number; consumers: number } | undefined> {
    const info = (await this.queues()).find(queue => queue.name === name);
    return info === undefined ? undefined : { messages: info.ready, consumers: info.consumers };
  }

  async queues(): Promise<QueueInfo[]> {
    const known = new Set([...this.#queues.values()].map(({ name }) => name));
    return (await this.#states()).map(({ name, sink, pending }) => {
      const subscriptions = this.#of(name);
      const unsettled = subscriptions.reduce((sum, subscription) => sum + subscription.unsettled, 0);
      const consumers = subscriptions.filter(({ consuming }) => consuming).length;
      return { name, sink, ready: Math.max(0, pending - unsettled), consumers, orphaned: !known.has(name) };
    });
  }

  async removeQueue(name: string): Promise<void> {
    if (!(await this.#tools.storage.write('removeQueue', { name })))
      throw new UnsupportedError(`there is no queue called ${name}`);
    for (const [sink, queue] of this.#queues) if (queue.name === name) this.#queues.delete(sink);
  }

  ledger(): Promise<LedgerReport> {
    return this.#tools.storage.ledger();
  }

  status(): BrokerStatus {
    const { refusal } = this.#tools.storage.acceptance;
    if (refusal !== undefined) return { state: 'down', detail: refusal.reason, since: refusal.since, outbox: 0 };
    return { state: 'ready', detail: 'embedded queues in DATA_DIR', outbox: 0 };
  }

  async close(): Promise<void> {
    await this.#publishing.ended();
    await Promise.all([...this.#subscriptions.keys()].map(subscription => subscription.close()));
  }

  #of(name: string | undefined): EmbeddedSubscription[] {
    return [...this.#subscriptions].filter(([, queue]) => queue === name).map(([subscription]) => subscription);
  }

  #states(): Promise<QueueState[]> {
    return this.#tools.storage.read('queueStates');
  }
}

function columnsOf(messages: readonly Message[], stored: readonly StoredRows[]): PublishArguments {
  const given = givenIdsOf(messages);
  const columns = {
    ids: messages.map(({ id }) => id),
    bodies: messages.map(({ body }) => body),
    sources: messages.map(({ source }) => source),
    received: messages.map(({ received }) => received),
    timestamps: messages.map(({ timestamp }) => timestamp ?? null),
  };
  return {
    ...columns,
    ...(messages.some(({ sinks }) => sinks !== undefined)
      ? { sinks: messages.map(({ sinks }) => namedBy(sinks)) }
      : {}),
    ...(given === undefined ? {} : { given }),
    ...(stored.length === 0 ? {} : { stored: stored.map(one => sharing(one, columns)) }),
  };
}

/** Each once; mostly there is one. */
function namedBy(sinks: readonly string[] | undefined): readonly string[] | null {
  if (sinks === undefined) return null;
  return sinks.length === 1 ? sinks : [...new Set(sinks)];
}

function sharing(stored: StoredRows, columns: MessageColumns): StoredRows {
  const { rows } = stored;
  return 'events' in rows ? { ...stored, rows: { events: withoutShared(rows.events, columns) } } : stored;
}
