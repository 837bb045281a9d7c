import { isDeepStrictEqual } from 'node:util';
import { atMost, type Clock } from '../../clock.js';
import { UnsupportedError } from '../../errors.js';
import type { Message } from '../../events/message.js';
import type { Log } from '../../log.js';
import type { LedgerReport } from '../../storage/ledger-report.js';
import type { Storage } from '../../storage/storage.js';
import type {
  Address,
  Broker,
  BrokerStatus,
  DeadDelivery,
  DeadLetterStore,
  Depth,
  Durability,
  MessageProperties,
  Publication,
  QueueDefinition,
  QueueInfo,
  Subscription,
} from '../broker.js';
import { deadLetterQueueName, queueName } from '../queue-names.js';
import { Connection, type ConnectionOptions, heartbeatMs } from './connection.js';
import { AmqpSubscription } from './consume/subscription.js';
import { DeadLetterQueue } from './dead-letters/queue.js';
import { AmqpDeadLetters, deadLetterMessage } from './dead-letters/store.js';
import { placeOf } from './errors.js';
import { isEmpty } from './ledger/empty-check.js';
import { RabbitMQLedger } from './ledger/ledger.js';
import { holdingOf } from './ledger/watched-queue.js';
import { permissionFix } from './permissions.js';
import { backgroundConfirmMs } from './publish/confirm-publisher.js';
import { type OutgoingMessage, toQueue } from './publish/outgoing-message.js';
import { addressed } from './publish/outgoing-publication.js';
import { StoreAndForwardPublisher } from './publish/store-and-forward.js';
import { brokerStatus } from './status.js';
import type { QueueType } from './topology/declare.js';
import { Inspector } from './topology/inspector.js';
import { QueueList } from './topology/queue-list.js';
import { Topology } from './topology/topology.js';
import { Watchdog } from './topology/watchdog.js';

export interface AmqpOptions {
  /** URIs, tried in order. */
  readonly nodes: readonly string[];
  readonly exchange: string;
  readonly queueType: QueueType;
  /** Most bytes of the outbox; 0 = none. */
  readonly outboxBytes: number;
  /** Names of all sinks there are, configured or not: those that are not may have left a queue behind. */
  readonly sinks: readonly string[];
  readonly storage: Pick<Storage, 'write' | 'read' | 'atomically'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
  /** As in `ConnectionOptions`. */
  readonly connect?: ConnectionOptions['connect'];
}

/** After two heartbeats were missed, RabbitMQ gives back what a lost consumer had, ms. */
const detectionMs = 5_000;
/** How long `open` waits for the server, ms: the daemon starts without it. */
const firstAttemptMs = 5_000;

/**
 * RabbitMQ. One connection consumes and keeps the topology, another publishes: a broker that is short of memory stops
 * reading from connections that publish, and acknowledgements must not wait behind that.
 */
export class AmqpBroker implements Broker {
  readonly kind = 'rabbitmq';
  readonly deadLetters: DeadLetterStore;
  readonly #options: AmqpOptions;
  readonly #consuming: Connection;
  readonly #publishing: Connection;
  readonly #inspector: Inspector;
  readonly #topology: Topology;
  readonly #watchdog: Watchdog;
  readonly #ledger: RabbitMQLedger;
  readonly #publisher: StoreAndForwardPublisher;
  readonly #queueList: QueueList;
  readonly #queues = new Map<string, QueueDefinition>();
  /** Names of all sinks that may have a queue. */
  readonly #sinks: string[];
  readonly #deadLetterQueues = new Map<string, DeadLetterQueue>();
  readonly #subscriptions = new Set<AmqpSubscription>();

  constructor(options: AmqpOptions) {
    const { clock, log } = options;
    this.#options = options;
    this.#sinks = [...options.sinks];
    this.#consuming = new Connection({ ...options, name: 'event-sink consuming' });
    this.#publishing = new Connection({
      ...options,
      name: 'event-sink publishing',
      onChange: () => this.#publisher.wake(),
    });
    this.#inspector = new Inspector(this.#consuming, clock);
    this.#topology = new Topology({ ...options, inspector: this.#inspector });
    this.#watchdog = new Watchdog({
      connection: this.#consuming,
      topology: this.#topology,
      clock,
      onChecked: () => this.#publisher.wake(),
    });
    this.#ledger = new RabbitMQLedger({
      ...options,
      place: placeOf(options.nodes),
      holding: queue => holdingOf([...this.#subscriptions].filter(subscription => subscription.queue === queue)),
      inspect: queue => this.#inspector.inspectNow(queue),
      isEmpty: queue => isEmpty(queue, options),
      ghostMs: Math.max(...options.nodes.map(heartbeatMs)) * 2 + detectionMs,
    });
    this.#publisher = new StoreAndForwardPublisher({
      ...options,
      ledger: this.#ledger.publications,
      connection: this.#publishing,
      exchangeReady: () => this.#topology.exchangeReady,
      onMissing: () => this.#watchdog.checkNow(),
      log,
    });
    this.#queueList = new QueueList({
      sinks: this.#sinks,
      connection: this.#consuming,
      inspector: this.#inspector,
      configured: () => [...this.#queues.values()],
    });
    this.deadLetters = new AmqpDeadLetters({
      queue: sink => this.#deadLetterQueue(sink),
      sinks: () => [...new Set([...this.#queues.keys(), ...this.#sinks])],
      feeds: sink => this.#queues.get(sink)?.name ?? queueName(sink),
      publish: messages => this.#publisher.transmit(messages, backgroundConfirmMs),
      clock,
    });
  }

  async open(queues: readonly QueueDefinition[]): Promise<void> {
    for (const definition of queues) {
      this.#queues.set(definition.sink, definition);
      this.#topology.add(definition);
    }
    await this.#ledger.open(queues);
    await this.#publisher.open();
    this.#watchdog.open();
    await atMost(this.#options.clock, firstAttemptMs, this.#firstAttempt());
  }

  async addQueue(queue: QueueDefinition): Promise<void> {
    const { sink, name } = queue;
    if (isDeepStrictEqual(this.#queues.get(sink), queue)) return;
    await this.leaveQueue(sink);
    await this.#ledger.add(queue);
    if (!this.#sinks.includes(sink)) this.#sinks.push(sink);
    this.#queues.set(sink, queue);
    this.#topology.add(queue);
    const live = this.#consuming.now();
    // What is wrong with it is in `status`; it is tried again there.
    const ensured = live && this.#topology.ensure(live, name).catch(() => undefined);
    if (ensured) await atMost(this.#options.clock, firstAttemptMs, ensured);
  }

  async leaveQueue(sink: string): Promise<void> {
    const left = this.#queues.get(sink);
    if (left === undefined) return;
    this.#queues.delete(sink);
    this.#topology.remove(left.name);
    await this.#ledger.leave(sink);
  }

  publish(messages: readonly Message[]): Promise<Durability> {
    return new Promise((accepted, failed) => this.publishAll([{ messages, accepted, failed }]));
  }

  publishAll(publications: readonly Publication[]): void {
    this.#publisher.sendAll(addressed(publications, message => this.#outgoing(message), this.#options.log));
  }

  publishTo(address: Address, body: string, properties?: MessageProperties): Promise<Durability> {
    return this.#publisher.sendTo(address, body, properties);
  }

  async subscribe(sink: string, prefetch: number): Promise<Subscription> {
    const subscription = new AmqpSubscription({
      ...this.#options,
      definition: this.#definition(sink),
      prefetch,
      connection: this.#consuming,
      topology: this.#topology,
      ledger: this.#ledger,
      deadLetter: (name, dead) => this.#deadLetter(name, dead),
      onClose: closed => this.#subscriptions.delete(closed),
    });
    this.#subscriptions.add(subscription);
    await subscription.open();
    return subscription;
  }

  async depth(sink: string): Promise<Depth> {
    const { name } = this.#definition(sink);
    const queue = await this.#inspector.inspect(name);
    let unsettled = 0;
    for (const subscription of this.#subscriptions)
      if (subscription.queue === name) unsettled += subscription.unsettled;
    return { ready: queue?.messages ?? 0, unsettled, consumers: queue?.consumers ?? 0, oldest: undefined };
  }

  ledger(): Promise<LedgerReport> {
    return this.#ledger.report();
  }

  inspect(queue: string): Promise<{ messages: number; consumers: number } | undefined> {
    return this.#inspector.inspect(queue);
  }

  queues(): Promise<QueueInfo[]> {
    return this.#queueList.list();
  }

  async removeQueue(name: string): Promise<void> {
    const mine = [...this.#queues.values()].find(definition => definition.name === name);
    // First, or the watchdog would make it again.
    this.#topology.remove(name);
    try {
      await this.#queueList.remove(name);
    } catch (error) {
      if (mine !== undefined) this.#topology.add(mine);
      throw error;
    }
    if (mine === undefined) return;
    this.#queues.delete(mine.sink);
    await this.#ledger.forget(mine.sink);
  }

  status(): BrokerStatus {
    return brokerStatus({
      consuming: this.#consuming,
      publishing: this.#publishing,
      errors: [
        ...this.#topology.errors,
        ...[...this.#subscriptions].map(({ error }) => error).filter(error => error !== undefined),
        ...this.#publisher.errors,
      ],
      gaps: this.#topology.gaps,
      ready: this.#publisher.publishing,
      outbox: this.#publisher.outbox.state,
      hasOutbox: this.#options.outboxBytes > 0,
      permissionFix: permissionFix({
        node: this.#options.nodes[0]!,
        exchange: this.#options.exchange,
        adopted: [...this.#queues.values()].filter(({ adopted }) => adopted).map(({ name }) => name),
      }),
    });
  }

  /**
   * Acknowledgements and publishes first, then the connections: what is in a channel's buffer
   * when its connection closes is lost.
   */
  async close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map(subscription => subscription.close()));
    await this.#publisher.close();
    await this.#ledger.close();
    await this.#watchdog.close();
    await Promise.all([this.#consuming.close(), this.#publishing.close()]);
  }

  async #firstAttempt(): Promise<void> {
    await Promise.all([this.#consuming.open(), this.#publishing.open()]);
    if (this.#consuming.now() !== undefined) await this.#watchdog.firstCheck;
    if (this.#publishing.now() !== undefined && this.#topology.exchangeReady) await this.#publisher.ready;
  }

  async #deadLetter(sink: string, dead: readonly DeadDelivery[]): Promise<void> {
    const now = this.#options.clock.now();
    await this.#publisher.send(dead.map(one => deadLetterMessage(sink, one, now)));
    this.#inspector.forget(deadLetterQueueName(sink));
  }

  #deadLetterQueue(sink: string): DeadLetterQueue {
    const known = this.#deadLetterQueues.get(sink);
    if (known !== undefined) return known;
    const { clock } = this.#options;
    const name = deadLetterQueueName(sink);
    const queue = new DeadLetterQueue({ name, connection: this.#consuming, inspector: this.#inspector, clock });
    this.#deadLetterQueues.set(sink, queue);
    return queue;
  }

  /** To the exchange; or past it, so that nobody else who is bound to it gets it, into the queues of some sinks. */
  #outgoing(message: Message): OutgoingMessage[] {
    if (message.sinks === undefined) return [{ message, target: null }];
    return [...new Set(message.sinks)].map(sink => ({ message, target: toQueue(this.#definition(sink).name) }));
  }

  #definition(sink: string): QueueDefinition {
    const definition = this.#queues.get(sink);
    if (definition === undefined) throw new UnsupportedError(`no queue feeds a sink called ${sink}`);
    return definition;
  }
}
