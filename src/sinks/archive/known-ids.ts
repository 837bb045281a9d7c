import { describe } from '../../errors.js';
import type { Log } from '../../log.js';
import { type DayFile, folderOf, linesIn, readFileName, stateOf } from './files.js';
import { idOf } from './line.js';
import type { ArchiveStore } from './store.js';

/** Ids that are kept in memory, of all days together. About 100 bytes each. */
const maxIds = 1_000_000;

interface KnownDay {
  readonly files: Set<string>;
  readonly ids: Set<string>;
}

/**
 * Which events the archive has, by day. The archive itself is what counts: each time, files that are new are read, so
 * that whatever was written before a crash, or by another daemon, is known.
 */
export class KnownIds {
  readonly #store: ArchiveStore;
  readonly #log: Log;
  /** The day that was asked for last stands last. */
  readonly #days = new Map<string, KnownDay>();

  constructor(store: ArchiveStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** Ids of all events of a day that are in the archive, and perhaps of some that were erased. */
  async of(day: string, signal: AbortSignal): Promise<Set<string>> {
    const known = this.#days.get(day) ?? { files: new Set(), ids: new Set() };
    this.#days.delete(day);
    this.#days.set(day, known);
    // What was listed may be sealed before it is read: then its events are in a file that was not listed.
    for (let missed = true; missed; ) {
      missed = false;
      for (const { name } of await this.#store.list(folderOf(day), signal)) {
        const file = known.files.has(name) ? undefined : readFileName(name);
        if (file === undefined) continue;
        const bytes = await this.#store.read(name, signal);
        if (bytes === undefined) missed = true;
        else await this.#take(file, bytes, known);
      }
    }
    this.#forget();
    return known.ids;
  }

  /** A file that was just written, and holds these. */
  add(day: string, file: string, ids: Iterable<string>): void {
    const known = this.#days.get(day);
    known?.files.add(file);
    for (const id of ids) known?.ids.add(id);
  }

  async #take(file: DayFile, bytes: Buffer, known: KnownDay): Promise<void> {
    const { name } = file;
    const state = stateOf(file, bytes);
    try {
      // A part may still be growing, and is looked at again. Nobody counts on what was cut off.
      if (state === 'cut off') return;
      if (state === 'changed') throw new Error('it is not as it was written');
      for await (const lines of linesIn(bytes)) for (const line of lines) known.ids.add(idOf(line) ?? line);
    } catch (error) {
      // Its events would be there twice when they came again. That is better than to take none any more.
      this.#log.warn({ file: name, reason: describe(error) }, 'archive.damaged');
    }
    known.files.add(name);
  }

  #forget(): void {
    let count = 0;
    const newestFirst = [...this.#days].reverse();
    for (const [index, [day, { ids }]] of newestFirst.entries()) {
      count += ids.size;
      if (index > 0 && count > maxIds) this.#days.delete(day);
    }
  }
}
