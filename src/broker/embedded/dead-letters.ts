import { CursorError, type Fault } from '../../errors.js';
import type { Source } from '../../events/message.js';
import type { DeadLetterRow } from '../../storage/dead-letters.js';
import type { Storage } from '../../storage/storage.js';
import type { DeadLetter, DeadLetterPage, DeadLetterQuery, DeadLetterSelection, DeadLetterStore } from '../broker.js';

/** Dead letters in one transaction. */
const chunkSize = 200;

/** Dead letters in the storage. Their key is a number, and so is the cursor of a page: the key of its last one. */
export class EmbeddedDeadLetters implements DeadLetterStore {
  readonly #storage: Storage;
  readonly #onRedriven: (sink: string, count: number) => void;

  constructor(storage: Storage, onRedriven: (sink: string, count: number) => void) {
    this.#storage = storage;
    this.#onRedriven = onRedriven;
  }

  async list({ sink, limit, maxBytes, cursor }: DeadLetterQuery): Promise<DeadLetterPage> {
    const after = cursor === undefined ? 0 : keyNumber(cursor);
    if (after === undefined) throw new CursorError('the cursor is not one that a page of dead letters ended with');
    const { rows, more } = await this.#storage.read('listDeadLetters', {
      sink,
      limit,
      after,
      ...(maxBytes === undefined ? {} : { maxBytes }),
    });
    const last = rows.at(-1);
    return { deadLetters: rows.map(deadLetter), nextCursor: more && last !== undefined ? String(last[0]) : null };
  }

  redrive(selection: DeadLetterSelection): Promise<number> {
    return this.#inChunks(selection, async chunk => {
      const keys = await this.#storage.write('redriveDeadLetters', chunk);
      if (keys.length > 0) this.#onRedriven(selection.sink, keys.length);
      return keys;
    });
  }

  remove(selection: DeadLetterSelection): Promise<number> {
    this.#storage.purgeSoon();
    return this.#inChunks(selection, chunk => this.#storage.write('removeDeadLetters', chunk));
  }

  count(sink: string): Promise<number> {
    return this.#storage.read('countDeadLetters', { sink });
  }

  /** Those that are there now: one which dies again meanwhile is not taken a second time. */
  async #inChunks(
    { sink, keys }: DeadLetterSelection,
    step: (chunk: {
      sink: string;
      keys: number[] | undefined;
      after: number;
      last: number;
      limit: number;
    }) => Promise<number[]>,
  ): Promise<number> {
    const last = await this.#storage.read('lastDeadLetter', { sink });
    const numbers = keys?.map(keyNumber).filter(number => number !== undefined);
    let after = 0;
    let count = 0;
    for (;;) {
      const chosen = await step({ sink, keys: numbers, after, last, limit: chunkSize });
      count += chosen.length;
      if (chosen.length < chunkSize) return count;
      after = chosen.at(-1)!;
    }
  }
}

function keyNumber(key: string): number | undefined {
  return /^\d{1,15}$/.test(key) ? Number(key) : undefined;
}

function deadLetter([
  key,
  sink,
  id,
  reason,
  fault,
  attempts,
  firstSeen,
  deadAt,
  source,
  body,
]: DeadLetterRow): DeadLetter {
  return {
    key: String(key),
    sink,
    id,
    reason,
    fault: fault as Fault,
    attempts,
    firstSeen,
    deadAt,
    body,
    source: source as Source,
  };
}
