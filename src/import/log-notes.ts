import type { LogGapReason } from '../nginx/log-gaps.js';
import type { ImportNotes, Span, UsageGap } from '../storage/usage-gaps.js';
import type { ReadLogs } from './read-logs.js';

export interface LogNotesOptions {
  readonly read: Pick<ReadLogs, 'since'>;
  /** Since when the daemon has counted lines of its own, epoch ms; infinite when it has not. */
  readonly countedSince: number;
}

interface CurrentFile {
  /** What it is known by. */
  readonly file: string;
  /** The time of its first line, epoch ms; infinite when none can be read. */
  readonly begins: number;
  /** Lines of this time or later are not taken, epoch ms. */
  readonly until: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** What an import of logs has read, and what of it could not be counted, file by file, oldest first. */
export class LogNotes implements ImportNotes {
  readonly #options: LogNotesOptions;
  readonly #gaps = new Map<string, UsageGap>();
  readonly #spans: Span[] = [];
  #current: CurrentFile | undefined;

  constructor(options: LogNotesOptions) {
    this.#options = options;
  }

  get gaps(): readonly UsageGap[] {
    return [...this.#gaps.values()];
  }

  get spans(): readonly Span[] {
    return this.#spans;
  }

  begin(current: CurrentFile): void {
    this.#current = current;
  }

  /** @param at epoch ms; undefined before the first line that can be read: its time stands in, if there is one */
  add(reason: LogGapReason, at: number | undefined): void {
    if (this.#current === undefined) return;
    const { file, begins, until } = this.#current;
    const time = at ?? begins;
    // The daemon has noted what it could not read itself; it may know the visitors of its days under other pseudonyms.
    if (time >= Math.min(until, this.#options.read.since)) return;
    if (reason === 'late_salt' && !this.#isOfDaemon(time)) return;
    const hour = Math.floor(time / hourMs) * hourMs;
    const key = `${file} ${reason} ${hour}`;
    const count = (this.#gaps.get(key)?.count ?? 0) + 1;
    this.#gaps.set(key, { hour, reason, origin: file, ms: 0, count });
  }

  /** The file was read to its end. @param latest the latest line of all files so far, epoch ms */
  end(latest: number): void {
    if (this.#current === undefined) return;
    const { begins, until } = this.#current;
    const to = Math.min(latest, until);
    if (!(begins < to)) return;
    const last = this.#spans.at(-1);
    // An hour without a line is no hole.
    if (last !== undefined && begins - last.to < hourMs)
      this.#spans[this.#spans.length - 1] = { from: last.from, to: Math.max(last.to, to) };
    else this.#spans.push({ from: begins, to });
  }

  /** All days of one pass have the same salt, other than the daemon's own. */
  #isOfDaemon(time: number): boolean {
    return Math.floor(time / dayMs) >= Math.floor(this.#options.countedSince / dayMs);
  }
}
