import { dirname, resolve } from 'node:path';
import type { Clock } from '../../clock.js';
import type { Log } from '../../log.js';
import type { LogGaps } from '../log-gaps.js';
import { findAgain, findUnread, findWhole, headsOf, identityOf, openLog } from './discovery.js';
import { type Fingerprint, merged } from './fingerprint.js';
import { withTarget } from './link-targets.js';
import type { FilePosition, LogFile } from './log-file.js';
import { lastLineStart } from './resume.js';
import { rotatedLogs } from './rotated.js';
import type { RotatedLog } from './rotated-log.js';
import {
  noIncidents,
  reasons,
  type SavedFiles,
  type SavedFilesOfVersion1,
  type UnreadArchive,
  upgraded,
} from './saved-files.js';
import { findSuccessor, takeBack } from './succession.js';
import { noteArchives } from './unread-archives.js';

export interface LogFilesOptions {
  readonly path: string;
  /** NGINX_ROTATED_DIRS. */
  readonly folders: readonly string[];
  /** All logs that are configured. */
  readonly configured: () => readonly string[];
  /** At the very first start: what is in the log already is not counted. */
  readonly startAtEnd: boolean;
  readonly gaps: LogGaps;
  readonly clock: Clock;
  readonly log: Log;
}

/** A rotated file is done with after this long without a write, ms: nginx writes on until its workers have reopened. */
const quietMs = 10_000;
/** Clocks of file systems lag a little. Far less than `quietMs`, or a file that was done with would be found again. */
const slackMs = 5_000;
/** How long a file may hold less than was read of it, as while it is copied into its place, ms. */
const unclearMs = 10_000;
/** Files whose beginnings are remembered. */
const maxKnown = 200;

/**
 * The files of one log: the current one, which is the last, and before it those that were rotated away and may still be
 * written or are not read to their end. All are held open, so that nothing that happens to their names matters.
 */
export class LogFiles {
  #files: readonly LogFile[] = [];
  /** When the last of the files was seen to be the current one. */
  #currentAt = 0;
  /** When it was written last, as its file system said then: our own clock may have been days ahead. */
  #currentWritten: number | undefined;
  /** What the files begin with that are done with, or were there before the very first start. */
  #known: readonly Fingerprint[] = [];
  #targets: readonly string[] = [];
  #incidents = noIncidents;
  #unread: readonly UnreadArchive[] = [];
  /** For each rotated file that has nothing left, since when (monotonic). */
  readonly #quiet = new Map<LogFile, number>();
  #unclearSince: number | undefined;
  readonly #options: LogFilesOptions;

  constructor(options: LogFilesOptions) {
    this.#options = options;
  }

  /** In the order in which they were written. */
  get all(): readonly LogFile[] {
    return this.#files;
  }

  get incidents(): SavedFiles['incidents'] {
    return this.#incidents;
  }

  /** Archives that are there and cannot be read. */
  get unread(): readonly UnreadArchive[] {
    return this.#unread;
  }

  /** All that was written before then, less the slack, is known or done with. It stands still while there is no log. */
  get seenUntil(): number {
    return Math.min(this.#options.clock.now(), this.#currentAt);
  }

  /** For the checkpoint. */
  save(): SavedFiles {
    const files = this.#files.map(({ position }) => position);
    return {
      ...{ version: 2, at: this.seenUntil, written: this.#currentWritten, files, known: this.#known },
      ...{ targets: this.#targets, unread: this.#unread, incidents: this.#incidents },
    };
  }

  /** Finds the saved files again, and those that were rotated since; at the very first start, the current one alone. */
  async open(checkpoint: SavedFiles | SavedFilesOfVersion1 | undefined): Promise<void> {
    await this.close();
    const saved = checkpoint === undefined ? undefined : upgraded(checkpoint);
    this.#currentAt = saved?.at ?? this.#options.clock.now();
    this.#currentWritten = saved?.written;
    this.#known = saved?.known ?? [];
    this.#unread = saved?.unread ?? [];
    this.#incidents = saved?.incidents ?? noIncidents;
    this.#targets = await withTarget(this.#options.path, saved?.targets ?? []);
    const rotated = await this.#rotated();
    if (saved === undefined) return this.#openFirst(rotated);
    this.#know(
      await headsOf(rotated.filter(log => saved.ignored.some(({ dev, ino }) => dev === log.dev && ino === log.ino))),
    );
    // The current one first: an older file is none that a newer one was found to be.
    for (const position of saved.files.toReversed()) await this.#findAgain(position, rotated);
    const last = this.#files.at(-1);
    const current = await this.#openCurrent();
    if (current && last !== undefined) await this.#succeed(last, rotated);
    const heads = saved.files.map(({ head }) => head);
    const unread = await this.#findUnread(rotated, last, heads);
    this.#files = this.#files.toSpliced(current ? -1 : this.#files.length, 0, ...unread);
    if (unread.length > 0) this.#options.log.info({ files: unread.length }, 'log.caught-up');
  }

  /** Checks what the name stands for now. True: the files are others than before. */
  async refresh(): Promise<boolean> {
    const now = this.#options.clock.now();
    const read = this.#files.at(-1);
    // Before its name is asked for: it may have been cut or edited and then rotated away.
    let changed = read !== undefined && (await this.#checkCurrent(read));
    const current = await identityOf(this.#options.path);
    const last = this.#files.at(-1);
    if (current !== undefined && !last?.is(current)) changed = (await this.#follow(last)) || changed;
    if (current === undefined) return changed;
    this.#currentAt = now;
    this.#currentWritten = (await this.#files.at(-1)?.content.state())?.written;
    return changed;
  }

  /** Rotated files that nobody has written for long enough. A search for unread files will not find them again. */
  async quiet(): Promise<LogFile[]> {
    const now = this.#options.clock.monotonic();
    const quiet: LogFile[] = [];
    for (const file of this.#files.slice(0, -1)) {
      const written = await file.quietSince();
      const since = written === undefined ? undefined : (this.#quiet.get(file) ?? now);
      if (since === undefined || written === undefined) {
        this.#quiet.delete(file);
        continue;
      }
      this.#quiet.set(file, since);
      if (now - since >= quietMs && this.seenUntil - written >= quietMs) quiet.push(file);
    }
    return quiet;
  }

  async drop(file: LogFile): Promise<void> {
    this.#know([file.head.head]);
    this.#files = this.#files.filter(other => other !== file);
    this.#quiet.delete(file);
    await file.close();
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.map(file => file.close()));
    this.#files = [];
  }

  async #openFirst(rotated: readonly RotatedLog[]): Promise<void> {
    this.#know(await headsOf(rotated.slice(-maxKnown)));
    await this.#openCurrent();
    const [current] = this.#files;
    if (!this.#options.startAtEnd || current === undefined) return;
    await current.moveTo(await lastLineStart(current.content));
  }

  async #findAgain(position: FilePosition, rotated: readonly RotatedLog[]): Promise<void> {
    const { path, folders, log } = this.#options;
    const taken = (identity: { dev: number; ino: number }): boolean => this.#files.some(file => file.is(identity));
    const found = await findAgain(
      path,
      position,
      rotated.filter(file => !taken(file)),
    );
    if (found !== undefined && !taken(found.file.position)) {
      this.#files = [found.file, ...this.#files];
      if (found.changed) this.#noteChange(found.file, position.offset);
      return;
    }
    await found?.file.close();
    if (position.superseded) return takeBack(position, this.#files[0]);
    if (position.head.length === 0) return;
    this.#incidents = { ...this.#incidents, lost: this.#incidents.lost + 1 };
    this.#options.gaps.addSpan('lost_log', this.#currentAt, this.#options.clock.now());
    const searched = [...new Set([path, ...this.#targets].map(one => dirname(one)).concat(folders))];
    log.warn({ reason: reasons.lost, file: position.path, offset: position.offset, searched }, 'log.lost');
  }

  /** The name stands for another file now, opened first so that it is not missed; there may have been more between. */
  async #follow(last: LogFile | undefined): Promise<boolean> {
    if (!(await this.#openCurrent())) return false;
    this.#targets = await withTarget(this.#options.path, this.#targets);
    const rotated = await this.#rotated();
    if (last !== undefined && (await this.#succeed(last, rotated))) return true;
    const unread = await this.#findUnread(rotated, last);
    this.#files = this.#files.toSpliced(-1, 0, ...unread);
    if (last !== undefined) this.#options.log.info({ between: unread.length }, 'log.rotated');
    return true;
  }

  /** Another file may have the lines of the one that was the log. True: the current one has them. */
  async #succeed(last: LogFile, rotated: readonly RotatedLog[]): Promise<boolean> {
    const [{ offset }, current] = [last, this.#files.at(-1)];
    if (current === undefined || current === last) return false;
    const { successor, whole } = await findSuccessor(last, current, rotated, this.#files);
    if (successor === undefined) return false;
    if (whole) this.#options.log.info({ before: offset, offset: successor.offset }, 'log.moved');
    else this.#noteChange(successor, offset);
    if (successor !== current) this.#files = this.#files.toSpliced(-1, 0, successor);
    return successor === current;
  }

  async #checkCurrent(last: LogFile): Promise<boolean> {
    const { offset } = last;
    const check = await last.check();
    const now = this.#options.clock.monotonic();
    const waits = check === 'unclear' && now - (this.#unclearSince ?? now) < unclearMs;
    this.#unclearSince = waits ? (this.#unclearSince ?? now) : undefined;
    if (check === 'intact' || waits) return false;
    if (check === 'replaced') return this.#truncated(last);
    if (check === 'unclear') await last.moveToEnd();
    this.#noteChange(last, offset);
    return true;
  }

  /** Emptied in place, by copytruncate or by hand: what was not read yet is in the copy, if there is one. */
  async #truncated(last: LogFile): Promise<boolean> {
    const { position } = last;
    const rotated = await this.#rotated();
    const paths = rotated.filter(({ packing }) => packing === 'plain').map(({ path }) => path);
    const copy = position.head.length === 0 ? undefined : await findWhole(paths.reverse(), position);
    this.#options.log.info({ offset: position.offset, copy: copy !== undefined }, 'log.truncated');
    await this.drop(last);
    if (copy !== undefined) this.#files = [...this.#files, copy];
    await this.#openCurrent();
    return true;
  }

  #noteChange(file: LogFile, before: number): void {
    this.#incidents = { ...this.#incidents, changed: this.#incidents.changed + 1 };
    this.#options.gaps.add('changed_log', this.#options.clock.now());
    this.#options.log.warn({ reason: reasons.changed, file: file.path, before, offset: file.offset }, 'log.changed');
  }

  /** Opens what the name stands for, as the last of the files; false when there is nothing. */
  async #openCurrent(): Promise<boolean> {
    const file = await openLog(this.#options.path);
    if (file === undefined) return false;
    const known = this.#files.find(other => other.is(file.position));
    if (known !== undefined) await file.close();
    else await file.identify();
    this.#files = [...this.#files.filter(other => other !== known), known ?? file];
    return true;
  }

  #rotated(): Promise<RotatedLog[]> {
    const { path, folders, configured } = this.#options;
    const others = configured().flatMap(file => (resolve(file) === resolve(path) ? [] : [resolve(file)]));
    return rotatedLogs({ path, folders, targets: this.#targets, others: new Set(others) });
  }

  /**
   * `last`: the file that was the current one. What came after it was written after it, whatever our own clock said
   * then.
   */
  async #findUnread(
    rotated: readonly RotatedLog[],
    last: LogFile | undefined,
    former: readonly Fingerprint[] = [],
  ): Promise<readonly LogFile[]> {
    const written = [(await last?.content.state())?.written, this.#currentWritten].filter(time => time !== undefined);
    // By its first lines an archive is known again as that of an open file.
    for (const file of this.#files) await file.identify();
    const heads = [...this.#files.map(({ head }) => head.head), ...former, ...this.#known];
    const { files, unreadable } = await findUnread(rotated, {
      open: this.#files,
      heads,
      since: Math.min(this.#currentAt, ...written) - slackMs,
      awaited: this.#unread,
    });
    const { archives, fresh, newBytes } = noteArchives(this.#options.log, this.#unread, rotated, unreadable);
    for (const archive of fresh) this.#options.gaps.add('unread_archive', archive.written);
    this.#unread = archives;
    this.#incidents = { ...this.#incidents, unreadableBytes: this.#incidents.unreadableBytes + newBytes };
    return files;
  }

  #know(heads: readonly Fingerprint[]): void {
    this.#known = merged(this.#known, heads).slice(-maxKnown);
  }
}
