import type { EncodedMessage, Refusal } from './outgoing-message.js';

/**
 * confirmed: durable at the broker · returned: no queue takes it · failed: the broker said no, or nothing in time ·
 * rejected: the broker closed the channel because of this message, or of one that was on its way with it ·
 * a refusal: this message can never be published as it is.
 */
export type PublishResult = 'confirmed' | 'returned' | 'failed' | 'rejected' | Refusal;

export function isRefusal(result: PublishResult | undefined): result is Refusal {
  return typeof result === 'object';
}

/** Hears each message's result as soon as there is one. Never throws: amqplib would end the connection. */
export type OnResult = (index: number, result: PublishResult) => void;

/** The messages of one `publish` call that the broker has not confirmed yet. */
export class PendingConfirms {
  /** Resolves when every message has its result. */
  readonly settled: Promise<void>;
  readonly results: PublishResult[];
  readonly messages: readonly EncodedMessage[];
  /** Monotonic ms. */
  readonly began: number;
  readonly deadline: number;
  readonly #decided: Uint8Array;
  readonly #onResult: OnResult;
  #undecided: number;
  #settle: () => void = () => {};

  constructor(messages: readonly EncodedMessage[], began: number, maxMs: number, onResult: OnResult = () => {}) {
    this.messages = messages;
    this.began = began;
    this.deadline = began + maxMs;
    this.results = messages.map(() => 'confirmed');
    this.#decided = new Uint8Array(messages.length);
    this.#onResult = onResult;
    this.#undecided = messages.length;
    this.settled = new Promise(resolve => {
      this.#settle = resolve;
    });
    if (messages.length === 0) this.#settle();
  }

  get complete(): boolean {
    return this.#undecided === 0;
  }

  /** The broker gives a message back before it confirms it. Known by its id and its address. */
  returned(id: unknown, exchange: string, routingKey: string): void {
    for (const [index, message] of this.messages.entries()) {
      const same = message.options.messageId === id && message.routingKey === routingKey;
      if (same && message.exchange === exchange && this.#decided[index] === 0) this.results[index] = 'returned';
    }
  }

  /** The first decision stands. A confirm leaves a message that was returned before as it is. */
  decide(index: number, result: PublishResult): void {
    if (this.#decided[index] === 1) return;
    this.#decided[index] = 1;
    if (result !== 'confirmed') this.results[index] = result;
    this.#undecided -= 1;
    this.#onResult(index, this.results[index]!);
    if (this.#undecided === 0) this.#settle();
  }

  /** Whatever is undecided ends so. */
  end(result: 'failed' | 'rejected'): void {
    for (const index of this.messages.keys()) this.decide(index, result);
  }
}
