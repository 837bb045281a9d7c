import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import { hashOf } from '../events/identity.js';
import type { Message } from '../events/message.js';
import type { Log } from '../log.js';
import type { SourceStore } from '../source-store.js';
import type { CommitCalls } from './commit-calls.js';
import { type LogFile, readBufferBytes } from './files/log-file.js';
import type { LogFiles } from './files/log-files.js';
import type { Incidents, SavedFiles, SavedFilesOfVersion1, UnreadArchive } from './files/saved-files.js';
import type { LogGaps } from './log-gaps.js';
import type { LineCounter, Totals } from './traffic/line-counter.js';
import type { PageViews, SavedPageViews } from './traffic/page-views.js';
import type { PartialDownloads, SavedPartialDownloads } from './traffic/partial-downloads.js';
import type { VisitorKeys } from './traffic/visitors.js';
import type { SavedWindows, Windows } from './traffic/windows.js';
import type { TrafficRecord } from './traffic-record.js';

/** All that a reader needs in order to go on where it was, in one commit with what it counted. */
export type LogCheckpoint = (SavedFiles | SavedFilesOfVersion1) & {
  readonly windows: SavedWindows;
  /** Absent in checkpoints of 1.0. */
  readonly views?: SavedPageViews;
  /** Absent in checkpoints of 1.0. */
  readonly parts?: SavedPartialDownloads;
  readonly totals: Totals;
  /** The earliest time of any line that was counted, epoch ms. Absent before the first one, and in those of 1.0. */
  readonly since?: number;
};

export interface ReaderOptions {
  readonly files: LogFiles;
  readonly counter: LineCounter;
  readonly windows: Windows;
  readonly views: PageViews;
  readonly parts: PartialDownloads;
  readonly visitors: VisitorKeys;
  readonly record: Pick<TrafficRecord, 'add'>;
  readonly gaps: Pick<LogGaps, 'add'>;
  /** What is written down with each commit. */
  readonly notes: Pick<CommitCalls, 'calls' | 'clear'>;
  readonly store: SourceStore<LogCheckpoint>;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Commits are tried until one goes through; this is called for each that did not.
   * Resolves when it may be tried again.
   */
  readonly onHold: (error: unknown) => Promise<void>;
  /** Ends every wait. */
  readonly stopping: AbortSignal;
}

export interface PassResult {
  /** There is more to read at once. */
  readonly more: boolean;
  /** All that was written to the log before this, epoch ms, was read and committed; undefined = not yet. */
  readonly readUntil: number | undefined;
  /** The current log's; undefined when there is none. */
  readonly inode: number | undefined;
  readonly totals: Totals;
  /** Lines since the start, and how many of them could not be read. */
  readonly lines: number;
  readonly unread: number;
  readonly incidents: Incidents;
  /** Archives that cannot be read. */
  readonly archives: readonly UnreadArchive[];
  /** Rotated files that are still read. */
  readonly rotated: number;
}

/** How long one pass reads before it checks the names again, ms. */
const passMs = 500;
/**
 * A commit is due when this much was read, this many events were made, or this much time has gone by since the last
 * one. What waits for it outlives a collection of the young generation, but with twice the events also the next one.
 */
const commitBytes = 8 * 1024 * 1024;
const commitMessages = 500;
const commitMs = 1_000;

/**
 * Counts every line of one log once, whatever becomes of its files. What was counted, what was made of it, and where
 * each file was read to are committed together: after a kill the same lines are counted again, from the same place. One
 * call at a time.
 */
export class LogReader {
  readonly #options: ReaderOptions;
  readonly #files: LogFiles;
  readonly #buffer = Buffer.alloc(readBufferBytes);
  /** Made and not committed. */
  #messages: readonly Message[] = [];
  #atStart: Totals = { requests: 0, unparsed: 0, oversized: 0 };
  /** Bytes that were read and not committed. */
  #uncommitted = 0;
  #committedAt = 0;
  /** The last commit does not say where we are. */
  #changed = false;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#files = options.files;
  }

  /** Takes up where the checkpoint says. May be tried again. */
  async open(): Promise<void> {
    const { store, windows, views, parts, counter, visitors } = this.#options;
    this.#messages = [];
    this.#options.notes.clear();
    await visitors.load();
    const saved = await store.load();
    await this.#files.open(saved);
    if (saved !== undefined) {
      windows.restore(saved.windows);
      if (saved.views !== undefined) views.restore(saved.views);
      if (saved.parts !== undefined) parts.restore(saved.parts);
      Object.assign(counter.totals, saved.totals);
      counter.since = saved.since ?? Number.POSITIVE_INFINITY;
    }
    this.#atStart = { ...counter.totals };
    // Windows of another length were closed just now.
    this.#takeMessages();
    // From the first start on the log is followed wherever it goes, also when we end before anything was read.
    await this.#tryCommit();
  }

  /** Checks the names, reads for a while, commits what is due. */
  async pass(): Promise<PassResult> {
    const { clock, counter, stopping } = this.#options;
    if (await this.#files.refresh()) this.#changed = true;
    const until = clock.monotonic() + passMs;
    let more = false;
    for (const file of this.#files.all) {
      more = await this.#readUntil(file, until);
      if (more || stopping.aborted) break;
    }
    if (!more && !stopping.aborted) {
      for (const file of await this.#files.quiet()) await this.#finish(file);
      counter.closeByWallClock(clock.now());
      this.#takeMessages();
    }
    const late = this.#changed && clock.monotonic() - this.#committedAt >= commitMs;
    if (late || (!more && this.#messages.length > 0)) await this.#commit();
    const { all, incidents, unread: archives } = this.#files;
    return {
      more: more && !stopping.aborted,
      readUntil: more || stopping.aborted ? undefined : this.#files.seenUntil,
      inode: all.at(-1)?.content.ino,
      totals: { ...counter.totals },
      ...this.#sinceStart(),
      ...{ incidents, archives },
      rotated: Math.max(0, all.length - 1),
    };
  }

  /** What was counted is kept; what is not finished is read again next time. */
  async close(): Promise<void> {
    try {
      if (this.#changed) await this.#tryCommit();
    } catch (error) {
      this.#options.log.warn({ reason: describe(error) }, 'log.uncommitted');
    }
    await this.#files.close();
  }

  #sinceStart(): { readonly lines: number; readonly unread: number } {
    const { requests, unparsed, oversized } = this.#options.counter.totals;
    const unread = unparsed + oversized - this.#atStart.unparsed - this.#atStart.oversized;
    return { lines: requests - this.#atStart.requests + unread, unread };
  }

  /** True: time was up before the end of the file. */
  async #readUntil(file: LogFile, until: number): Promise<boolean> {
    const { clock, stopping, log } = this.#options;
    for (;;) {
      const { offset } = file;
      try {
        if (!(await this.#readPiece(file))) return false;
      } catch (error) {
        if (file.grows) throw error;
        log.error({ reason: describe(error) }, 'archive.unreadable');
        this.#options.gaps.add('unread_archive', (await file.content.state()).written);
        await this.#drop(file);
        return false;
      }
      this.#uncommitted += file.offset - offset;
      this.#changed = true;
      this.#takeMessages();
      if (this.#messages.length >= commitMessages || this.#uncommitted >= commitBytes) await this.#commit();
      if (stopping.aborted || clock.monotonic() >= until) return true;
      // Everything else in this process has its turn between two pieces.
      await new Promise(resolve => setImmediate(resolve));
    }
  }

  #readPiece(file: LogFile): Promise<boolean> {
    const { counter } = this.#options;
    return file.read(
      this.#buffer,
      (buffer, end, name, offset) => counter.takeLines(buffer, end, name, offset),
      () => counter.takeOversized(),
    );
  }

  /** Nothing will be added to it: its last line is whole, newline or not. */
  async #finish(file: LogFile): Promise<void> {
    const { counter } = this.#options;
    const { key, offset, rest } = file;
    if (file.skipping) counter.takeOversized();
    else if (rest.length > 0 && !file.superseded) counter.takeRest(rest, key || hashOf(rest), offset);
    await this.#drop(file);
  }

  async #drop(file: LogFile): Promise<void> {
    await this.#files.drop(file);
    this.#changed = true;
  }

  #takeMessages(): void {
    const { counter, windows, record } = this.#options;
    const taken = counter.takeMessages();
    record.add(windows.takeSums(), windows.closedUntil);
    if (taken.length > 0) this.#messages = [...this.#messages, ...taken];
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
    const { store, visitors, clock, windows, views, parts, counter, notes } = this.#options;
    await visitors.save();
    const position: LogCheckpoint = {
      ...this.#files.save(),
      windows: windows.save(),
      views: views.save(),
      parts: parts.save(),
      totals: { ...counter.totals },
      ...(Number.isFinite(counter.since) ? { since: counter.since } : {}),
    };
    await store.commit(this.#messages, position, notes.calls);
    notes.clear();
    this.#messages = [];
    this.#changed = false;
    this.#uncommitted = 0;
    this.#committedAt = clock.monotonic();
  }
}
