import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import type { Log } from '../log.js';
import { findAgain, findCopy, findUnread, identityOf, openLog } from './discovery.js';
import type { LineCounter, Totals } from './line-counter.js';
import { type FileIdentity, type FilePosition, type LogFile, readBufferBytes } from './log-file.js';
import { rotatedLogs } from './rotated.js';
import type { SourceStore } from './store.js';
import type { VisitorKeys } from './visitors.js';
import type { SavedWindows, Windows } from './windows.js';

/** All that a reader needs in order to go on where it was, in one commit with what it counted. */
export interface LogCheckpoint {
  /** Wall clock, epoch ms. The last file was the current one then. */
  readonly at: number;
  /** Rotated logs that were there at the very first start, and are not of interest; empty once their times of writing tell that. */
  readonly ignored: readonly FileIdentity[];
  /** The last one is the current log, those before it were rotated away. */
  readonly files: readonly FilePosition[];
  readonly windows: SavedWindows;
  readonly totals: Totals;
}

export interface ReaderOptions {
  readonly path: string;
  readonly counter: LineCounter;
  readonly windows: Windows;
  readonly visitors: VisitorKeys;
  readonly store: SourceStore<LogCheckpoint>;
  readonly clock: Clock;
  readonly log: Log;
  /** Commits are tried until one goes through; this is told of each that did not. Resolves when it may be tried again. */
  readonly onHold: (error: unknown) => Promise<void>;
  /** Ends every wait. */
  readonly stopping: AbortSignal;
}

export interface PassResult {
  /** There is more to read at once. */
  readonly more: boolean;
  /** Of the file that is read last; undefined when there is none. */
  readonly inode: number | undefined;
  readonly totals: Totals;
  /** Rotated files that are still read. */
  readonly rotated: number;
}

/** How long one pass reads before it looks at the names again, ms. */
const passMs = 500;
/** A commit is due when so much was read, or so much time has gone by since the last one. */
const commitBytes = 8 * 1024 * 1024;
const commitMs = 1_000;
const commitMessages = 500;
/** A rotated file that nobody has written for so long is done with, ms. nginx writes to the old one until its workers have reopened. */
const quietMs = 10_000;
/** Clocks of file systems lag a little. Far less than `quietMs`, or a file that was done with would come again. */
const slackMs = 5_000;

/**
 * Follows one log through its rotations, and counts every line once. It owns the open files, the current one last; whatever happens to their
 * names, what is in them is read to the end. Not to be called twice at a time.
 */
export class LogReader {
  readonly #options: ReaderOptions;
  readonly #buffer = Buffer.alloc(readBufferBytes);
  #files: LogFile[] = [];
  /** The last time the last of the files was seen to be the current one. */
  #currentAt = 0;
  #ignored: readonly FileIdentity[] = [];
  #ignoredUntil = 0;
  #uncommitted = 0;
  #committedAt = 0;
  #messages: Parameters<SourceStore<LogCheckpoint>['commit']>[0] = [];
  #changed = false;
  /** For each rotated file that has nothing left, since when (monotonic). */
  readonly #quiet = new Map<LogFile, number>();

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** Takes up where the checkpoint says. */
  async open(): Promise<void> {
    const { store, windows, counter, visitors, clock, path, log } = this.#options;
    await visitors.load();
    const saved = await store.load();
    await this.#closeFiles();
    this.#committedAt = clock.monotonic();
    this.#currentAt = saved?.at ?? clock.now();
    this.#ignored = saved?.ignored ?? (await rotatedLogs(path)).map(({ dev, ino }) => ({ dev, ino }));
    this.#ignoredUntil = clock.now() + 2 * slackMs;
    if (saved === undefined) {
      await this.#currentLast();
      // From here on the log is followed, wherever it goes: also when we end before anything was read.
      return this.#tryCommit();
    }
    windows.restore(saved.windows);
    Object.assign(counter.totals, saved.totals);
    for (const position of saved.files) {
      const file = await findAgain(path, position);
      if (file !== undefined) this.#files.push(file);
      else if (position.head.length > 0) log.warn({ path, offset: position.offset }, 'log.lost');
    }
    const current = await this.#currentLast();
    const unread = await this.#findUnread(saved.at, saved.files);
    this.#files.splice(current ? -1 : this.#files.length, 0, ...unread);
    if (unread.length > 0) log.info({ path, files: unread.length }, 'log.caught-up');
  }

  /** Looks at the names, reads for a while, commits what is due. */
  async pass(): Promise<PassResult> {
    const { clock, counter, windows, stopping } = this.#options;
    await this.#look();
    const until = clock.monotonic() + passMs;
    let more = false;
    for (const file of [...this.#files]) {
      more = await this.#readUntil(file, until);
      if (more || stopping.aborted) break;
    }
    if (!more && !stopping.aborted) {
      await this.#dropQuiet();
      windows.closeByWallClock();
      this.#takeMessages();
    }
    await this.#commitIfDue(!more);
    return {
      more: more && !stopping.aborted,
      inode: this.#files.at(-1)?.position.ino,
      totals: { ...counter.totals },
      rotated: Math.max(0, this.#files.length - 1),
    };
  }

  /** What was counted is kept; what is not finished is read again next time. */
  async close(): Promise<void> {
    const { log, path } = this.#options;
    try {
      if (this.#changed) await this.#tryCommit();
    } catch (error) {
      log.warn({ path, reason: describe(error) }, 'log.uncommitted');
    }
    await this.#closeFiles();
  }

  async #closeFiles(): Promise<void> {
    await Promise.all(this.#files.map(file => file.close()));
    this.#files = [];
  }

  async #look(): Promise<void> {
    const { path, clock } = this.#options;
    const now = clock.now();
    const current = await identityOf(path);
    const last = this.#files.at(-1);
    if (current !== undefined && (last === undefined || !last.is(current))) await this.#follow(last);
    else if (last !== undefined && !(await last.intact())) await this.#truncated(last);
    if (current !== undefined) this.#currentAt = now;
  }

  /** The name stands for another file now. It is opened first, so that it cannot be missed; between the two there may have been more. */
  async #follow(last: LogFile | undefined): Promise<void> {
    const { path, log } = this.#options;
    if (!(await this.#currentLast())) return;
    this.#changed = true;
    if (last === undefined) return;
    const unread = await this.#findUnread(this.#currentAt, []);
    this.#files.splice(-1, 0, ...unread);
    log.info({ path, between: unread.length }, 'log.rotated');
  }

  /** Everything in the folder that was written before `at`, less the slack, is known or was done with. */
  async #findUnread(at: number, former: readonly FilePosition[]): Promise<LogFile[]> {
    // By its first bytes an archive is known again as that of an open file.
    for (const file of this.#files) await file.intact();
    const open = this.#files.map(({ position }) => position);
    return findUnread(this.#options.path, at - slackMs, { open, former, ignored: this.#ignored });
  }

  /** Opens what the name stands for, as the last of the files; false when there is nothing. */
  async #currentLast(): Promise<boolean> {
    const file = await openLog(this.#options.path);
    if (file === undefined) return false;
    const known = this.#files.find(other => other.is(file.position));
    if (known !== undefined) await file.close();
    this.#files = [...this.#files.filter(other => other !== known), known ?? file];
    return true;
  }

  /** Emptied in place, by copytruncate or by hand: what was not read yet is in the copy, if there is one. */
  async #truncated(last: LogFile): Promise<void> {
    const { path, log } = this.#options;
    const { position } = last;
    const copy = position.head.length === 0 ? undefined : await findCopy(await rotatedLogs(path), position);
    log.info({ path, offset: position.offset, copy: copy !== undefined }, 'log.truncated');
    this.#files = this.#files.filter(file => file !== last);
    if (copy !== undefined) this.#files.push(copy);
    await last.close();
    const again = await openLog(path);
    if (again !== undefined) this.#files.push(again);
    this.#changed = true;
  }

  /** True: time was up before the end of the file. */
  async #readUntil(file: LogFile, until: number): Promise<boolean> {
    const { counter, clock, stopping, log, path } = this.#options;
    const take = counter.takeLines.bind(counter);
    const oversized = (): void => {
      counter.totals.oversized += 1;
    };
    for (;;) {
      const { offset } = file.position;
      try {
        if (!(await file.read(this.#buffer, take, oversized))) break;
      } catch (error) {
        if (file.grows) throw error;
        log.error({ path, reason: describe(error) }, 'archive.unreadable');
        await this.#drop(file);
        return false;
      }
      this.#uncommitted += file.position.offset - offset;
      this.#changed = true;
      this.#takeMessages();
      if (this.#messages.length >= commitMessages || this.#uncommitted >= commitBytes) await this.#commit();
      if (stopping.aborted || clock.monotonic() >= until) return true;
      // Everything else in this process has its turn between two pieces.
      await new Promise(resolve => setImmediate(resolve));
    }
    return false;
  }

  /**
   * Done with rotated files that nobody has written for long enough: before the current one was last seen to be current, too, so that a search for unread
   * files will not find them again.
   */
  async #dropQuiet(): Promise<void> {
    const { clock } = this.#options;
    for (const file of this.#files.slice(0, -1)) {
      const written = await file.quietSince();
      if (written === undefined) {
        this.#quiet.delete(file);
        continue;
      }
      const since = this.#quiet.get(file) ?? clock.monotonic();
      this.#quiet.set(file, since);
      const latest = Math.min(clock.now(), this.#currentAt);
      if (clock.monotonic() - since >= quietMs && latest - written >= quietMs) await this.#finish(file);
    }
  }

  /** Nothing will be added to it: its last line is whole, newline or not. */
  async #finish(file: LogFile): Promise<void> {
    const { key, offset, skipping } = file.position;
    if (skipping) this.#options.counter.totals.oversized += 1;
    else if (file.rest.length > 0) this.#options.counter.takeRest(file.rest, key, offset);
    await this.#drop(file);
  }

  async #drop(file: LogFile): Promise<void> {
    this.#files = this.#files.filter(other => other !== file);
    this.#quiet.delete(file);
    this.#changed = true;
    await file.close();
  }

  #takeMessages(): void {
    const taken = this.#options.counter.takeMessages();
    if (taken.length > 0) this.#messages = [...this.#messages, ...taken];
  }

  async #commitIfDue(idle: boolean): Promise<void> {
    const { clock } = this.#options;
    const late = this.#changed && clock.monotonic() - this.#committedAt >= commitMs;
    if (late || (idle && this.#messages.length > 0)) await this.#commit();
  }

  /** Until it goes through. The same messages, the same position. */
  async #commit(): Promise<void> {
    while (!this.#options.stopping.aborted) {
      try {
        return await this.#tryCommit();
      } catch (error) {
        await this.#options.onHold(error);
      }
    }
  }

  async #tryCommit(): Promise<void> {
    const { store, visitors, clock, windows, counter } = this.#options;
    await visitors.save();
    const at = Math.min(clock.now(), this.#currentAt);
    if (at > this.#ignoredUntil) this.#ignored = [];
    await store.commit(this.#messages, {
      at,
      ignored: this.#ignored,
      files: this.#files.map(({ position }) => position),
      windows: windows.save(),
      totals: { ...counter.totals },
    });
    this.#messages = [];
    this.#changed = false;
    this.#uncommitted = 0;
    this.#committedAt = clock.monotonic();
  }
}
