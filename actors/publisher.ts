import { dispatch, type Ref, spawn } from 'nact';
import type { Address, Broker, Durability } from '../src/broker/broker.js';
import { assertNever, TransientError } from '../src/errors.js';
import type { Message } from '../src/events/message.js';
import { type Actor, type ActorTools, ask, type PublisherMessage, type Reply, resumeAfterDefect } from './protocol.js';

export interface PublisherOptions extends ActorTools {
  readonly broker: Broker;
}

/**
 * The one way into the broker: every source hands its events to this actor and learns when they are durable. It keeps no queue of its own:
 * the broker groups what arrives together into one commit or one burst of confirms, and the door bounds the bytes in flight.
 */
export function spawnPublisher(parent: Ref<never>, options: PublisherOptions): Actor<PublisherMessage> {
  return spawn(
    parent,
    (publisher: Publisher, message: PublisherMessage): Publisher => {
      publisher.handle(message);
      return publisher;
    },
    'publisher',
    {
      initialStateFunc: () => new Publisher(options),
      onCrash: resumeAfterDefect(options.log, options.path),
    },
  ) as Actor<PublisherMessage>;
}

/** For sources that are no actor: resolves when every message is durable. */
export function publishThrough(publisher: Actor<PublisherMessage>) {
  return {
    publish: (messages: readonly Message[]): Promise<Durability> =>
      ask(reply => dispatch(publisher, { type: 'publish', messages, reply })),
    publishTo: (address: Address, body: string, messageId?: string): Promise<Durability> =>
      ask(reply => dispatch(publisher, { type: 'publishTo', address, body, messageId, reply })),
  };
}

class Publisher {
  readonly #broker: Broker;
  #inFlight = 0;
  #drained: Reply<void>[] | undefined;
  readonly #options: PublisherOptions;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#broker = options.broker;
    options.board.update(options.path, { state: 'running' });
  }

  handle(message: PublisherMessage): void {
    switch (message.type) {
      case 'publish':
        return this.#answer(message.reply, () => this.#broker.publish(message.messages));
      case 'publishTo':
        return this.#answer(message.reply, () =>
          this.#broker.publishTo(message.address, message.body, message.messageId),
        );
      case 'drain':
        this.#drained = [...(this.#drained ?? []), message.reply];
        this.#options.board.update(this.#options.path, { state: 'stopped' });
        return this.#settle();
      default:
        return assertNever(message);
    }
  }

  #answer(reply: Reply<Durability>, publish: () => Promise<Durability>): void {
    if (this.#drained !== undefined)
      return reply.reject(new TransientError('the daemon is stopping', { retryAfterMs: 5_000 }));
    this.#inFlight += 1;
    publish()
      .then(reply.resolve, reply.reject)
      .finally(() => {
        this.#inFlight -= 1;
        this.#settle();
      });
  }

  #settle(): void {
    if (this.#drained === undefined || this.#inFlight > 0) return;
    for (const reply of this.#drained) reply.resolve();
  }
}
