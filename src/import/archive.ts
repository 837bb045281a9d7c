import { dayOf, written } from '../calendar.js';
import { describe } from '../errors.js';
import { parseTimestamp } from '../events/timestamp.js';
import { type DayFile, linesBeforeCut, linesIn, readFileName, stateOf } from '../sinks/archive/files.js';
import { idOf } from '../sinks/archive/line.js';
import type { ArchiveStore } from '../sinks/archive/store.js';
import type { Item, PastSource } from './item.js';
import { withoutAdded } from './ndjson.js';
import type { TimeRange } from './range.js';

export interface ArchiveSourceOptions {
  readonly store: ArchiveStore;
  /** Files of other days are not read. */
  readonly range: TimeRange;
  /** What the archive adds to an event (`_source`, `_received`) stays. */
  readonly asStored?: boolean;
}

/** The events of an archive, day after day, each once. A file that is not as it was written is left out, and named. */
export class ArchiveSource implements PastSource {
  readonly total: number;
  done = 0;
  readonly #options: ArchiveSourceOptions;
  readonly #files: readonly DayFile[];

  static async open(options: ArchiveSourceOptions): Promise<ArchiveSource> {
    const { since, until } = options.range;
    const first = since === undefined ? '' : written(dayOf(since));
    const last = until === undefined ? '9999-12-31' : written(dayOf(until - 1));
    const files = (await options.store.list('days/')).flatMap(({ name }) => readFileName(name) ?? []);
    return new ArchiveSource(
      options,
      files.filter(({ day }) => day >= first && day <= last),
    );
  }

  private constructor(options: ArchiveSourceOptions, files: readonly DayFile[]) {
    this.#options = options;
    this.#files = files;
    this.total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async *items(): AsyncGenerator<readonly Item[]> {
    let day = '';
    let ids = new Set<string>();
    for (const file of this.#files) {
      if (file.day !== day) ids = new Set();
      day = file.day;
      yield* this.#itemsIn(file, ids);
      this.done += file.bytes;
    }
  }

  async *#itemsIn(file: DayFile, ids: Set<string>): AsyncGenerator<readonly Item[]> {
    const { name } = file;
    const bytes = await this.#options.store.read(name);
    const state = bytes === undefined ? 'gone' : stateOf(file, bytes);
    if (bytes === undefined || state === 'changed') {
      const reason = bytes === undefined ? 'a file has gone meanwhile' : 'a file is not as it was written';
      yield [{ reason, where: name }];
      return;
    }
    try {
      const pieces = state === 'whole' ? linesIn(bytes) : linesBeforeCut(bytes);
      for await (const lines of pieces) yield lines.flatMap(line => this.#itemOf(line, name, ids) ?? []);
    } catch (error) {
      yield [{ reason: `a file cannot be unpacked (${describe(error)})`, where: name }];
    }
  }

  /** Undefined: it was there before. */
  #itemOf(line: string, file: string, ids: Set<string>): Item | undefined {
    const id = idOf(line);
    if (id === undefined) return { reason: 'a line is not an event', where: file };
    if (ids.has(id)) return undefined;
    ids.add(id);
    const fields = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const text = this.#options.asStored ? line : withoutAdded(line, fields);
    return { id, text, created: parseTimestamp(fields.created) };
  }
}
