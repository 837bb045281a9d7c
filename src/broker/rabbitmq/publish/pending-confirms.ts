import type { EncodedMessage } from './outgoing-message.js';

/** confirmed: durable at the broker · returned: no queue takes it · failed: the broker said no, or nothing in time. */
export type PublishResult = 'confirmed' | 'returned' | 'failed';

/** The messages of one `publish` call that the broker has not confirmed yet. */
export class PendingConfirms {
  /** Resolves when every message has its result. */
  readonly settled: Promise<void>;
  readonly results: PublishResult[];
  readonly messages: readonly EncodedMessage[];
  /** Monotonic ms. */
  readonly deadline: number;
  readonly #decided: Uint8Array;
  #undecided: number;
  #settle: () => void = () => {};

  constructor(messages: readonly EncodedMessage[], deadline: number) {
    this.messages = messages;
    this.deadline = deadline;
    this.results = messages.map(() => 'confirmed');
    this.#decided = new Uint8Array(messages.length);
    this.#undecided = messages.length;
    this.settled = new Promise(resolve => {
      this.#settle = resolve;
    });
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

  decide(index: number, accepted: boolean): void {
    if (this.#decided[index] === 1) return;
    this.#decided[index] = 1;
    if (!accepted) this.results[index] = 'failed';
    this.#undecided -= 1;
    if (this.#undecided === 0) this.#settle();
  }

  /** Whatever is undecided has failed. */
  end(): void {
    for (const index of this.messages.keys()) this.decide(index, false);
  }
}
