import type { Fault } from '../errors.js';
import type { Message, Source } from '../events/message.js';
import type { WriteCall } from '../storage/calls.js';
import type { LedgerReport } from '../storage/ledger-report.js';
import type { Stored, StoredRows } from '../storage/publish.js';

/** A message handed out by a subscription, to be settled or requeued there. Compared by identity. */
export interface Delivery extends Message {
  readonly redelivered: boolean;
  /** When it came here, monotonic ms; undefined where the broker waits for its settlement as long as it takes. */
  readonly arrived?: number | undefined;
  /** Why the body is not a text that anybody could read. It can only become a dead letter, which keeps its bytes. */
  readonly unreadable?: string;
}

/** What "accepted" rests on: RabbitMQ's confirm, the outbox on this disk, or the embedded queues on this disk. */
export type Durability = 'broker' | 'outbox' | 'embedded';

/** A queue and the sink that it feeds. */
export interface QueueDefinition {
  readonly sink: string;
  readonly name: string;
  /**
   * Named by a `*_QUEUE` setting: it may belong to somebody else, so it is never redeclared when it exists, only bound.
   */
  readonly adopted: boolean;
  /** Only one consumer gets messages at a time, the others wait for it to end. */
  readonly singleConsumer?: true;
}

export interface BatchLimits {
  readonly count: number;
  readonly bytes: number;
  /** How long to wait for more after the first, ms. */
  readonly lingerMs: number;
}

export interface DeadDelivery {
  readonly delivery: Delivery;
  /** What is kept of its body; absent = as it came. */
  readonly body?: string;
  readonly reason: string;
  readonly fault: Fault;
  readonly attempts: number;
}

/** What became of deliveries, all at once so that it is one transaction or one burst of acknowledgements. */
export interface Settlement {
  /** Delivered, found to be there already, or filtered out: gone from the queue. */
  readonly done: readonly Delivery[];
  /** How many of `done` the destination already had. */
  readonly duplicates: number;
  /** How many of `done` the sink's category filter left out. */
  readonly filtered: number;
  /** How many of `done` were older than the sink's destination takes. */
  readonly tooOld?: number;
  /** How many of `done` are of people who were erased. */
  readonly erased?: number;
  /** Kept as dead letters before they leave the queue. */
  readonly dead: readonly DeadDelivery[];
}

/**
 * One consumer of one queue. The caller pulls; there is no callback to overrun it. Unsettled deliveries never exceed
 * the prefetch. When the connection under it is lost, deliveries already handed out become stale: settling them does
 * nothing (the broker hands them out again, and sinks are idempotent), and `next` goes on once the connection is back.
 */
export interface Subscription {
  /**
   * The next batch, in queue order: waits for the first message as long as it takes, then for more until a limit is
   * reached. Empty only when the signal aborts or the subscription is paused or closed. One call at a time.
   */
  next(limits: BatchLimits, signal: AbortSignal): Promise<Delivery[]>;
  /**
   * Resolves when the settlement is durable (embedded) or sent after its dead letters were
   * confirmed and it was counted (RabbitMQ).
   */
  settle(settlement: Settlement): Promise<void>;
  /** Back to the queue, to be handed out again by this or another consumer. */
  requeue(deliveries: readonly Delivery[]): Promise<void>;
  /** Stops receiving, then gives back everything unsettled. No delivery is held after it resolves. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Gives back what is unsettled. */
  close(): Promise<void>;
}

export interface Depth {
  /** Waiting, not handed out to anybody. */
  readonly ready: number;
  /** Handed out by this daemon and not settled. */
  readonly unsettled: number;
  readonly consumers: number;
  /** When the oldest waiting event was received, epoch ms; undefined when empty or not known. */
  readonly oldest: number | undefined;
}

export interface DeadLetter {
  /** Names this dead letter in `redrive` and `remove`. */
  readonly key: string;
  readonly sink: string;
  readonly id: string;
  readonly reason: string;
  readonly fault: Fault;
  readonly attempts: number;
  /** Epoch ms. */
  readonly firstSeen: number;
  readonly deadAt: number;
  readonly body: string;
  /** The body's bytes where they are not UTF-8, and `body` shows U+FFFD for some of them. */
  readonly bytes?: Uint8Array;
  readonly source: Source;
}

export interface DeadLetterQuery {
  readonly sink?: string;
  /** 1 to 1000. */
  readonly limit: number;
  /** Bytes of their bodies, 8 MiB by default; one dead letter is always listed. */
  readonly maxBytes?: number;
  readonly cursor?: string;
}

export interface DeadLetterPage {
  readonly deadLetters: readonly DeadLetter[];
  readonly nextCursor: string | null;
}

/** One sink's dead letters: those named by key, or all of them. */
export interface DeadLetterSelection {
  readonly sink: string;
  readonly keys?: readonly string[];
}

/**
 * Messages that are accepted together or not at all, and who waits for that: one of the two is called, once, as soon as
 * it is known, whatever others that were published with it wait for. What they throw is logged, and changes nothing.
 */
export interface Publication {
  readonly messages: readonly Message[];
  /** All of them are durable. */
  readonly accepted: (durability: Durability) => void;
  /** None of them was accepted. */
  readonly failed: (error: unknown) => void;
}

/** What may say something of people. */
export type DeadText = Pick<DeadLetter, 'body' | 'reason'>;

export interface DeadLetterStore {
  list(query: DeadLetterQuery): Promise<DeadLetterPage>;
  /** Publishes to that one sink's queue, then removes. Resolves with how many. */
  redrive(selection: DeadLetterSelection): Promise<number>;
  remove(selection: DeadLetterSelection): Promise<number>;
  count(sink: string): Promise<number>;
  /**
   * Goes through all of a sink's: `judge` says what they say from then on, the same to leave them, undefined to remove
   * them. Only where they are not in the daemon's own storage.
   */
  erase?(
    sink: string,
    judge: (message: Message, reason: string) => DeadText | undefined,
  ): Promise<{ readonly erased: number; readonly changed: number }>;
}

export interface QueueInfo {
  readonly name: string;
  readonly sink: string | undefined;
  readonly ready: number;
  readonly consumers: number;
  /** A queue of ours that no configured sink consumes: it only fills. */
  readonly orphaned: boolean;
}

/** Where a generalised publish goes: an exchange with a routing key, or a queue by its name. */
export type Address = { readonly exchange: string; readonly routingKey: string } | { readonly queue: string };

/** Properties of a generalised publish, as in AMQP; what is left out is as the daemon's own messages have it. */
export interface MessageProperties {
  readonly messageId?: string;
  /** The queue that answers go to. */
  readonly replyTo?: string;
  readonly correlationId?: string;
  readonly headers?: Readonly<Record<string, string | number | boolean>>;
  /** `application/json` unless it is given. */
  readonly contentType?: string;
  /** How long it may wait in its queue, ms. */
  readonly expirationMs?: number;
  /** 0 to 255. */
  readonly priority?: number;
  /** It survives a restart of the broker; true unless it is given. */
  readonly persistent?: boolean;
}

/** Messages as rows of a sink that keeps its own in the daemon's storage, before they are accepted. */
export interface PreparedRows {
  readonly rows: StoredRows;
  /** They are there, in the commit that accepted them. */
  readonly delivered: (stored: Stored) => void;
}

export interface StoredDelivery {
  /** For each sink that can have its rows at once; for the others the messages take the way through their queues. */
  prepare(messages: readonly Message[]): readonly PreparedRows[];
}

/**
 * The broker port. Two implementations run one conformance suite
 * (test/broker/conformance.ts): embedded (SQLite) and RabbitMQ.
 */
export interface Broker {
  readonly kind: 'embedded' | 'rabbitmq';
  /**
   * Declares every queue and binds it. Resolves when the first attempt has settled, whether or not a server could be
   * reached: a daemon starts with any dependency down.
   */
  open(queues: readonly QueueDefinition[]): Promise<void>;
  /** As `open`, for one more while others are at work; nothing happens when it is there already. */
  addQueue(queue: QueueDefinition): Promise<void>;
  /**
   * Nothing consumes the queue of this sink any more. What waits in it stays, and what comes in goes on to be added to
   * it, as in a daemon that is started without the sink.
   */
  leaveQueue(sink: string): Promise<void>;
  /**
   * Each to every queue, or to those of its `sinks` alone. Resolves when all of them are durable. An empty list is
   * durable at once.
   * @throws TransientError when nothing can take them now (FullError: the disk or the cap), UnsupportedError when one
   * names a sink that has no queue here; none of them is accepted then
   */
  publish(messages: readonly Message[]): Promise<Durability>;
  /**
   * As `publish`, for many callers at once, each with an answer of its own: what is published in one turn of the event
   * loop costs the broker one write, and nobody a promise. Never throws.
   */
  publishAll(publications: readonly Publication[]): void;
  /**
   * As `publish`, in one transaction with other writes (where a source keeps its position): only where the queues are
   * in the daemon's own storage.
   * @throws as `publish`
   */
  publishWith?(messages: readonly Message[], calls: readonly WriteCall[]): Promise<void>;
  /**
   * From now on, what is published reaches these sinks in the commit that accepts it, unless something waits in their
   * queues: only where the queues are in the daemon's own storage.
   */
  deliverStored?(delivery: StoredDelivery): void;
  /**
   * Any JSON message to any exchange or queue of the broker. @throws UnsupportedError without RabbitMQ,
   * UnroutableError when there is none of that name
   */
  publishTo(address: Address, body: string, properties?: MessageProperties): Promise<Durability>;
  subscribe(sink: string, prefetch: number): Promise<Subscription>;
  depth(sink: string): Promise<Depth>;
  /** Messages and consumers of any queue, by name; undefined when there is none of that name. */
  inspect(queue: string): Promise<{ messages: number; consumers: number } | undefined>;
  queues(): Promise<QueueInfo[]>;
  removeQueue(name: string): Promise<void>;
  readonly deadLetters: DeadLetterStore;
  /** What became of every event, by sink. */
  ledger(): Promise<LedgerReport>;
  /** One word and a sentence for the status page. */
  status(): BrokerStatus;
  /** Every settlement and publish that was begun is on its way before the connection closes. */
  close(): Promise<void>;
}

export interface BrokerProblem {
  /** The same for as long as it is the same problem. */
  readonly key: string;
  readonly what: string;
  readonly fix: string;
}

export interface BrokerStatus {
  /** When it became so, epoch ms, where the broker knows. */
  readonly since?: number;
  readonly state: 'ready' | 'outbox' | 'down';
  readonly detail: string;
  /** Messages waiting in the outbox; 0 for the embedded broker. */
  readonly outbox: number;
  /** Those of them that the broker did not take though it could be reached. */
  readonly outboxStuck?: number;
  /** Messages that the broker can never take as they are: kept aside, with a reason in `problems`. */
  readonly setAside?: number;
  /** What is wrong beside the state itself. */
  readonly problems?: readonly BrokerProblem[];
  /**
   * How often a queue or the exchange had disappeared from under this daemon and was made
   * again; events may be missing since.
   */
  readonly gaps?: number;
}
