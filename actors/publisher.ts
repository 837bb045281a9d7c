import { dispatch } from 'nact';
import { announce } from '../src/broker/announce.js';
import type { Address, Broker, Durability, MessageProperties, Publication } from '../src/broker/broker.js';
import { toBroker, Writes } from '../src/delivery/writes.js';
import { assertNever, describe, TransientError } from '../src/errors.js';
import type { Message } from '../src/events/message.js';
import type { Log } from '../src/log.js';
import type { StatusLine } from '../src/status/board.js';
import { type ActorTools, ask, type Behaviour, type Parent, spawnActor } from './actor.js';
import type { Actor, PublisherMessage, PublishObserver, PublishRequest, Reply } from './protocol.js';

type PublishToMessage = Extract<PublisherMessage, { type: 'publishTo' }>;

export interface PublisherOptions extends ActorTools {
  readonly broker: Broker;
  /** What is let in of these messages. */
  readonly clean?: (messages: readonly Message[]) => readonly Message[];
  /** Hears of what is under way, from before it is cleaned. */
  readonly writes?: Writes;
}

/**
 * Every source hands its events to this actor and learns when they are durable; only the log reader on the embedded
 * broker goes past it, to commit its events together with its place in the log. It keeps no queue of its own: the
 * broker groups what arrives together into one commit or one burst of confirms, and HTTP bounds the bytes in flight.
 */
export function spawnPublisher(parent: Parent, options: PublisherOptions): Actor<PublisherMessage> {
  return spawnActor(parent, 'publisher', options, (_self, status) => new Publisher(options, status));
}

/**
 * For code that is not an actor: resolves when every message is durable and its observers have heard of it. The actor
 * hears of the first request, and takes it, when its turn has come, with all that have come since: what is published
 * in one turn of the event loop is published together, and waits for no second one.
 */
export function publishThrough(publisher: Actor<PublisherMessage>) {
  let requests: PublishRequest[] = [];
  const take = (): readonly PublishRequest[] => {
    const taken = requests;
    requests = [];
    return taken;
  };
  return {
    publish: (messages: readonly Message[]): Promise<Durability> =>
      ask(reply => {
        if (requests.push({ messages, reply }) === 1) dispatch(publisher, { type: 'publish', take });
      }),
    publishTo: (address: Address, body: string, properties: MessageProperties = {}): Promise<Durability> =>
      ask(reply => dispatch(publisher, { type: 'publishTo', address, body, properties, reply })),
  };
}

class Publisher implements Behaviour<PublisherMessage> {
  readonly #broker: Broker;
  readonly #writes: Writes;
  readonly #clean: (messages: readonly Message[]) => readonly Message[];
  readonly #status: StatusLine;
  readonly #log: Log;
  readonly #observers: PublishObserver[] = [];
  #inFlight = 0;
  #drained: Reply<void>[] | undefined;

  constructor(
    { broker, clean = messages => messages, writes = new Writes(), log }: PublisherOptions,
    status: StatusLine,
  ) {
    this.#broker = broker;
    this.#writes = writes;
    this.#clean = clean;
    this.#status = status;
    this.#log = log;
    status.update({ state: 'running' });
  }

  handle(message: PublisherMessage): void {
    switch (message.type) {
      case 'publish':
        return this.#publish(message.take());
      case 'publishTo':
        return this.#publishTo(message);
      case 'observe':
        this.#observers.push(message.observer);
        return;
      case 'drain':
        this.#drained = [...(this.#drained ?? []), message.reply];
        this.#status.update({ state: 'stopped' });
        return this.#settle();
      default:
        return assertNever(message);
    }
  }

  /** What came in one turn goes to the broker in one call. Each request costs an object and no promise. */
  #publish(requests: readonly PublishRequest[]): void {
    if (this.#drained !== undefined) {
      for (const { reply } of requests) reply.reject(stopping());
      return;
    }
    this.#inFlight += requests.length;
    const ended = this.#writes.begin(toBroker);
    let left = requests.length;
    const settled = (): void => {
      left -= 1;
      if (left === 0) ended();
    };
    const publications: Publication[] = [];
    for (const { messages, reply } of requests) {
      let answered = false;
      const failed = (error: unknown): void => {
        if (answered) return;
        answered = true;
        settled();
        reply.reject(error);
        this.#answered();
      };
      try {
        const clean = this.#clean(messages);
        const accepted = (durability: Durability): void => {
          if (answered) return;
          answered = true;
          settled();
          this.#report(clean, () => {
            reply.resolve(durability);
            this.#answered();
          });
        };
        publications.push({ messages: clean, accepted, failed });
      } catch (error) {
        failed(error);
      }
    }
    this.#broker.publishAll(publications);
  }

  #publishTo({ address, body, properties, reply }: PublishToMessage): void {
    if (this.#drained !== undefined) return reply.reject(stopping());
    this.#inFlight += 1;
    this.#broker
      .publishTo(address, body, properties)
      .then(
        durability => reply.resolve(durability),
        error => reply.reject(error),
      )
      .finally(() => this.#answered());
  }

  /** To one observer after the other; calls back when all have heard, at once where none has anything to wait for. */
  #report(messages: readonly Message[], heard: () => void): void {
    // What is for some sinks alone is no news to anybody else.
    const open = messages.some(isAddressed) ? messages.filter(message => !isAddressed(message)) : messages;
    let hearing: Promise<void> | undefined;
    for (const observer of this.#observers)
      hearing = hearing === undefined ? this.#tell(observer, open) : hearing.then(() => this.#tell(observer, open));
    if (hearing === undefined) heard();
    else void hearing.then(heard);
  }

  /** Never rejects nor throws, whatever the observer does: the messages are durable, and others wait to hear of it. */
  #tell(observer: PublishObserver, messages: readonly Message[]): Promise<void> | undefined {
    let hearing: Promise<void> | undefined;
    announce(this.#log, () => {
      hearing = observer(messages);
    });
    return hearing?.catch(error => this.#log.error({ reason: describe(error) }, 'delivery.unannounced'));
  }

  #answered(): void {
    this.#inFlight -= 1;
    this.#settle();
  }

  #settle(): void {
    if (this.#drained === undefined || this.#inFlight > 0) return;
    for (const reply of this.#drained) reply.resolve();
  }
}

function isAddressed({ sinks }: Message): boolean {
  return sinks !== undefined;
}

function stopping(): Error {
  return new TransientError('the daemon is stopping');
}
