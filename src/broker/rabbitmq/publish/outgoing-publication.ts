import type { Message } from '../../../events/message.js';
import type { Log } from '../../../log.js';
import { announce } from '../../announce.js';
import type { Publication } from '../../broker.js';
import type { OutgoingMessage } from './outgoing-message.js';
import type { PublishResult } from './pending-confirms.js';

/** A publication whose messages have their addresses. */
export interface OutgoingPublication extends Pick<Publication, 'accepted' | 'failed'> {
  readonly messages: readonly OutgoingMessage[];
}

/** Each with the addresses of its messages. One with a message that has none, so that `outgoing` throws, has failed. */
export function addressed(
  publications: readonly Publication[],
  outgoing: (message: Message) => readonly OutgoingMessage[],
  log: Log,
): OutgoingPublication[] {
  return publications.flatMap(({ messages, accepted, failed }) => {
    try {
      return { messages: messages.flatMap(outgoing), accepted, failed };
    } catch (error) {
      announce(log, () => failed(error));
      return [];
    }
  });
}

/** What the broker did not take of a publication; resolves when it is durable elsewhere. */
type Keep = (messages: readonly OutgoingMessage[], results: readonly PublishResult[]) => Promise<void>;

interface OpenPublication {
  readonly publication: OutgoingPublication;
  /** Where its messages begin among all of them. */
  readonly from: number;
  readonly results: PublishResult[];
  undecided: number;
  answered: boolean;
}

/**
 * The answers of publications that go to the broker together. Each has its own as soon as its own messages have their
 * results, however long the broker is silent about those of others.
 */
export class Answers {
  /** Those of all publications, in order. */
  readonly messages: readonly OutgoingMessage[];
  readonly #log: Log;
  readonly #keep: Keep;
  /** By the index of a message. */
  readonly #owners: OpenPublication[] = [];
  readonly #publications: OpenPublication[] = [];

  constructor(publications: readonly OutgoingPublication[], log: Log, keep: Keep) {
    this.messages = publications.flatMap(({ messages }) => messages);
    this.#log = log;
    this.#keep = keep;
    for (const publication of publications) {
      const undecided = publication.messages.length;
      const open = { publication, from: this.#owners.length, results: [], undecided, answered: false };
      for (let count = 0; count < undecided; count += 1) this.#owners.push(open);
      this.#publications.push(open);
      if (undecided === 0) this.#answer(open);
    }
  }

  /** Once for each message, by its index in `messages`. */
  decide(index: number, result: PublishResult): void {
    const open = this.#owners[index]!;
    open.results[index - open.from] = result;
    open.undecided -= 1;
    if (open.undecided === 0) this.#answer(open);
  }

  /** A defect: whoever has no answer has this one. */
  fail(defect: unknown): void {
    for (const open of this.#publications) {
      if (open.answered) continue;
      open.answered = true;
      announce(this.#log, () => open.publication.failed(defect));
    }
  }

  #answer(open: OpenPublication): void {
    const { messages, accepted, failed } = open.publication;
    open.answered = true;
    if (open.results.every(result => result === 'confirmed')) return announce(this.#log, () => accepted('broker'));
    this.#keep(messages, open.results).then(
      () => announce(this.#log, () => accepted('outbox')),
      error => announce(this.#log, () => failed(error)),
    );
  }
}
