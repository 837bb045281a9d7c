import type { Message } from '../../events/message.js';
import type { Log } from '../../log.js';
import { announce } from '../announce.js';
import type { Publication } from '../broker.js';

/** Messages in one write, unless a single list is longer: what comes next waits only some milliseconds. */
const maxMessages = 1_000;
/** A write of this many messages gains little by a commit with others. */
export const largeGroup = maxMessages / 2;

/**
 * After a write, clients that have their answer send again. For at most this many turns of the event loop the next
 * write waits until as many lists are there as were under way lately: a commit, with the journey to its thread and
 * back, costs about the same for one as for a hundred. Turns without anything to do take microseconds, so nobody waits
 * for clients that stay away.
 */
const patienceTurns = 20;
/** Fewer lists under way are no load, and are written at once. */
const minLoad = 4;
/** How fast clients that stay away are forgotten: the share of them that is left with each write. */
const memory = 0.8;

/**
 * Many callers, one write: the lists that come while one is being written go together with the next. So a write is as
 * large as the last one was slow, without a timer, and a request with a single event costs a row, not a statement. As
 * soon as a full write waits, it follows the one before without a pause. When a write fails, each list is tried alone.
 */
export class GroupPublisher {
  #waiting: Publication[] = [];
  /** Messages of `#waiting`. */
  #waitingMessages = 0;
  /** Loops of `#writeAll`: one, and a second one for a full write while the first is writing. */
  #writing = 0;
  /** Lists that are being written. */
  #underWay = 0;
  /** Lists that were under way lately, at most. */
  #load = 0;
  readonly #write: (messages: readonly Message[]) => Promise<void>;
  readonly #log: Log;

  constructor(write: (messages: readonly Message[]) => Promise<void>, log: Log) {
    this.#write = write;
    this.#log = log;
  }

  add(publication: Publication): void {
    this.#waiting.push(publication);
    this.#waitingMessages += publication.messages.length;
    this.#begin();
  }

  #begin(): void {
    const beside = this.#writing === 1 && this.#underWay > 0 && this.#isFull;
    if (this.#writing > 0 && !beside) return;
    this.#writing += 1;
    // With all that is published together with it.
    queueMicrotask(() => void this.#writeAll());
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0 && (this.#writing === 1 || this.#isFull)) {
      const written = await this.#writeNext();
      this.#load = Math.max(this.#load * memory, written + this.#underWay + this.#waiting.length);
      if (this.#writing === 1 && this.#load >= minLoad) await this.#gather();
    }
    this.#writing -= 1;
  }

  get #isFull(): boolean {
    return this.#waitingMessages >= maxMessages;
  }

  async #gather(): Promise<void> {
    for (let turn = 0; turn < patienceTurns && !this.#isComplete(); turn += 1) await nextTurn();
  }

  #isComplete(): boolean {
    return this.#waiting.length >= this.#load || this.#isFull;
  }

  /** Returns of how many lists. */
  async #writeNext(): Promise<number> {
    const group = this.#take();
    this.#underWay += group.length;
    this.#begin();
    try {
      await this.#write(group.flatMap(({ messages }) => messages));
    } catch (error) {
      if (group.length === 1) this.#failed(group[0]!, error);
      else await Promise.all(group.map(one => this.#writeAlone(one)));
      return group.length;
    } finally {
      this.#underWay -= group.length;
    }
    for (const one of group) this.#written(one);
    return group.length;
  }

  #writeAlone(one: Publication): Promise<void> {
    return this.#write(one.messages).then(
      () => this.#written(one),
      error => this.#failed(one, error),
    );
  }

  #written({ accepted }: Publication): void {
    announce(this.#log, () => accepted('embedded'));
  }

  #failed({ failed }: Publication, error: unknown): void {
    announce(this.#log, () => failed(error));
  }

  #take(): Publication[] {
    let count = 0;
    let messages = 0;
    for (const { messages: next } of this.#waiting) {
      if (count > 0 && messages + next.length > maxMessages) break;
      count += 1;
      messages += next.length;
    }
    this.#waitingMessages -= messages;
    const group = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    return group;
  }
}

function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}
