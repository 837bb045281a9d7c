import type { EncodedMessage } from './outgoing-message.js';

/** confirmed: durable at the broker · returned: no queue takes it · failed: the broker said no, or nothing in time. */
export type Verdict = 'confirmed' | 'returned' | 'failed';

/** The messages of one call on their way to their verdicts. */
export class PendingConfirms {
  /** Resolves when every message has its verdict. */
  readonly settled: Promise<void>;
  readonly verdicts: Verdict[];
  readonly messages: readonly EncodedMessage[];
  /** Monotonic ms. */
  readonly deadline: number;
  readonly #decided: Uint8Array;
  #undecided: number;
  #settle: () => void = () => {};

  constructor(messages: readonly EncodedMessage[], deadline: number) {
    this.messages = messages;
    this.deadline = deadline;
    this.verdicts = messages.map(() => 'confirmed');
    this.#decided = new Uint8Array(messages.length);
    this.#undecided = messages.length;
    this.settled = new Promise(resolve => {
      this.#settle = resolve;
    });
  }

  get over(): boolean {
    return this.#undecided === 0;
  }

  /** The broker gives a message back before it confirms it. Known by its id and its address. */
  returned(id: unknown, exchange: string, routingKey: string): void {
    for (const [index, envelope] of this.messages.entries()) {
      const same = envelope.options.messageId === id && envelope.routingKey === routingKey;
      if (same && envelope.exchange === exchange && this.#decided[index] === 0) this.verdicts[index] = 'returned';
    }
  }

  decide(index: number, accepted: boolean): void {
    if (this.#decided[index] === 1) return;
    this.#decided[index] = 1;
    if (!accepted) this.verdicts[index] = 'failed';
    this.#undecided -= 1;
    if (this.#undecided === 0) this.#settle();
  }

  /** Whatever is undecided has failed. */
  end(): void {
    for (const index of this.messages.keys()) this.decide(index, false);
  }
}
