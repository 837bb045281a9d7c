import type { Clock } from '../clock.js';
import type { Log } from '../log.js';
import { findAgain, findCopy, findUnread, identityOf, openLog } from './discovery.js';
import type { FileIdentity, FilePosition, LogFile } from './log-file.js';
import { rotatedLogs } from './rotated.js';

export interface SavedFiles {
  /** Wall clock, epoch ms. The last file was the current one then. */
  readonly at: number;
  /** The last one is the current log, those before it were rotated away. */
  readonly files: readonly FilePosition[];
  /** Rotated logs that were there at the very first start, and are not of interest; empty once their times of writing tell that. */
  readonly ignored: readonly FileIdentity[];
}

/** A rotated file that nobody has written for so long is done with, ms. nginx writes to the old one until its workers have reopened. */
const quietMs = 10_000;
/** Clocks of file systems lag a little. Far less than `quietMs`, or a file that was done with would be found again. */
const slackMs = 5_000;

/**
 * The files of one log: the current one, which is the last, and before it those that were rotated away and may still be written or are not read
 * to their end. All are held open, so that nothing that happens to their names matters.
 */
export class LogFiles {
  #files: readonly LogFile[] = [];
  /** The last time the last of the files was seen to be the current one. */
  #currentAt = 0;
  #ignored: readonly FileIdentity[] = [];
  #ignoredUntil = 0;
  /** For each rotated file that has nothing left, since when (monotonic). */
  readonly #quiet = new Map<LogFile, number>();
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(path: string, clock: Clock, log: Log) {
    this.#path = path;
    this.#clock = clock;
    this.#log = log;
  }

  /** In the order in which they were written. */
  get all(): readonly LogFile[] {
    return this.#files;
  }

  /** For the checkpoint. */
  save(): SavedFiles {
    const at = this.#seenUntil;
    if (at > this.#ignoredUntil) this.#ignored = [];
    return { at, files: this.#files.map(({ position }) => position), ignored: this.#ignored };
  }

  /** Finds the files again that were saved, and those that were rotated since; at the very first start, the current one alone. */
  async open(saved: SavedFiles | undefined): Promise<void> {
    await this.close();
    const now = this.#clock.now();
    this.#currentAt = saved?.at ?? now;
    this.#ignored = saved?.ignored ?? (await rotatedLogs(this.#path)).map(({ dev, ino }) => ({ dev, ino }));
    this.#ignoredUntil = now + 2 * slackMs;
    for (const position of saved?.files ?? []) await this.#findAgain(position);
    const current = await this.#openCurrent();
    if (saved === undefined) return;
    const unread = await this.#findUnread(saved.at, saved.files);
    this.#files = this.#files.toSpliced(current ? -1 : this.#files.length, 0, ...unread);
    if (unread.length > 0) this.#log.info({ files: unread.length }, 'log.caught-up');
  }

  /** Looks what the name stands for now. True: the files are others than before. */
  async look(): Promise<boolean> {
    const now = this.#clock.now();
    const current = await identityOf(this.#path);
    const last = this.#files.at(-1);
    let changed = false;
    if (current !== undefined && (last === undefined || !last.is(current))) changed = await this.#follow(last);
    else if (last !== undefined && !(await last.intact())) changed = await this.#truncated(last);
    if (current !== undefined) this.#currentAt = now;
    return changed;
  }

  /**
   * Rotated files that nobody has written for long enough: before the current one was last seen to be current, too, so that a search for unread
   * files will not find them again.
   */
  async quiet(): Promise<LogFile[]> {
    const now = this.#clock.monotonic();
    const quiet: LogFile[] = [];
    for (const file of this.#files.slice(0, -1)) {
      const written = await file.quietSince();
      const since = written === undefined ? undefined : (this.#quiet.get(file) ?? now);
      if (since === undefined || written === undefined) {
        this.#quiet.delete(file);
        continue;
      }
      this.#quiet.set(file, since);
      if (now - since >= quietMs && this.#seenUntil - written >= quietMs) quiet.push(file);
    }
    return quiet;
  }

  async drop(file: LogFile): Promise<void> {
    this.#files = this.#files.filter(other => other !== file);
    this.#quiet.delete(file);
    await file.close();
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.map(file => file.close()));
    this.#files = [];
  }

  /** Everything in the folder that was written before then, less the slack, is known or was done with. */
  get #seenUntil(): number {
    return Math.min(this.#clock.now(), this.#currentAt);
  }

  async #findAgain(position: FilePosition): Promise<void> {
    const file = await findAgain(this.#path, position);
    if (file !== undefined) this.#files = [...this.#files, file];
    else if (position.head.length > 0) this.#log.warn({ offset: position.offset }, 'log.lost');
  }

  /** The name stands for another file now. It is opened first, so that it cannot be missed; between the two there may have been more. */
  async #follow(last: LogFile | undefined): Promise<boolean> {
    if (!(await this.#openCurrent())) return false;
    if (last === undefined) return true;
    const unread = await this.#findUnread(this.#currentAt, []);
    this.#files = this.#files.toSpliced(-1, 0, ...unread);
    this.#log.info({ between: unread.length }, 'log.rotated');
    return true;
  }

  /** Emptied in place, by copytruncate or by hand: what was not read yet is in the copy, if there is one. */
  async #truncated(last: LogFile): Promise<boolean> {
    const { position } = last;
    const copy = position.head.length === 0 ? undefined : await findCopy(await rotatedLogs(this.#path), position);
    this.#log.info({ offset: position.offset, copy: copy !== undefined }, 'log.truncated');
    await this.drop(last);
    if (copy !== undefined) this.#files = [...this.#files, copy];
    await this.#openCurrent();
    return true;
  }

  /** Opens what the name stands for, as the last of the files; false when there is nothing. */
  async #openCurrent(): Promise<boolean> {
    const file = await openLog(this.#path);
    if (file === undefined) return false;
    const known = this.#files.find(other => other.is(file.position));
    if (known !== undefined) await file.close();
    this.#files = [...this.#files.filter(other => other !== known), known ?? file];
    return true;
  }

  async #findUnread(at: number, former: readonly FilePosition[]): Promise<LogFile[]> {
    // By its first bytes an archive is known again as that of an open file.
    for (const file of this.#files) await file.intact();
    const open = this.#files.map(({ position }) => position);
    return findUnread(this.#path, at - slackMs, { open, former, ignored: this.#ignored });
  }
}
