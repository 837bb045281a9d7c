import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../clock.js';
import { hashOf } from '../events/identity.js';
import type { Message } from '../events/message.js';
import { headBytes, headOf, isSure, maxHeadBytes } from '../nginx/files/fingerprint.js';
import { LogFile, readBufferBytes } from '../nginx/files/log-file.js';
import { openRotated, unpackedSize } from '../nginx/files/rotated.js';
import type { RotatedLog } from '../nginx/files/rotated-log.js';
import { createParser } from '../nginx/lines/create-parser.js';
import { lineShape } from '../nginx/lines/line-shape.js';
import { lineTime } from '../nginx/lines/line-time.js';
import { type CounterOptions, createCounter } from '../nginx/source.js';
import type { ImportNotes } from '../storage/usage-gaps.js';
import { InputFile, isGzip, truncation } from './input-file.js';
import type { BadItem, Item, PastEvent, PastSource } from './item.js';
import { LogNotes } from './log-notes.js';
import type { ReadLogs } from './read-logs.js';

export interface LogImportOptions extends Omit<CounterOptions, 'name' | 'now' | 'onUnparsed' | 'gaps'> {
  readonly files: readonly string[];
  /** What the daemon has read itself. */
  readonly read: ReadLogs;
  /** Since when the daemon has counted lines of its own, epoch ms; infinite when it has not. */
  readonly countedSince: number;
  readonly clock: Clock;
}

interface Log extends RotatedLog {
  /** The time of its first line that can be read, epoch ms; infinite when there is none. */
  readonly begins: number;
  /** Its first bytes. */
  readonly beginning: Buffer;
}

/** A file that was written to within this time, ms, may have an unfinished line at its end. */
const quietMs = 10_000;
/** For a person who looks at the summary. */
const readBefore =
  'the daemon read its log at that time, and this is not a file that it knows: it may have counted these lines (--overlap sends them)';
/** Shapes of lines that are shown. */
const maxExamples = 3;

/**
 * Access logs, oldest first, as the reader of the daemon would read them: the same line at the same place of a file
 * with the same first line is the same event, whoever reads it, packed or not, and whatever the file is called.
 *
 * A file that the daemon does not know may be one that was joined, cut or edited: of the time in which the daemon read
 * its logs itself, it would be counted under other ids once more.
 *
 * Windows of connections are not made: what tells two of them apart is where the first and the last line of a window
 * lie, and a set of files hardly ever begins and ends where the daemon's windows do.
 */
export class LogImport implements PastSource {
  readonly total: number;
  readonly #options: LogImportOptions;
  readonly #buffer = Buffer.alloc(readBufferBytes);
  readonly #made: ReturnType<typeof createCounter>;
  readonly #notes: LogNotes;
  #bad: BadItem[] = [];
  #shapes = 0;
  #before = 0;
  #current: { readonly file: LogFile; readonly unpacked: number; readonly size: number } | undefined;
  /** Events of this time or later are not taken from the present file, epoch ms. */
  #end = Number.POSITIVE_INFINITY;

  constructor(options: LogImportOptions) {
    this.#options = options;
    this.total = options.files.reduce((sum, path) => sum + statSync(path).size, 0);
    const now = options.clock.now;
    this.#notes = new LogNotes(options);
    const gaps: CounterOptions['gaps'] = {
      add: (reason, at) => this.#notes.add(reason, Number.isFinite(this.#made.windows.time) ? at : undefined),
    };
    this.#made = createCounter({ ...options, name: '', now, gaps, onUnparsed: line => this.#unparsed(line) });
  }

  get done(): number {
    if (this.#current === undefined) return this.#before;
    const { file, unpacked, size } = this.#current;
    return this.#before + Math.min(1, file.offset / Math.max(1, unpacked)) * size;
  }

  /** Lines that were understood. */
  get lines(): number {
    return this.#made.counter.totals.requests;
  }

  get notes(): ImportNotes {
    return this.#notes;
  }

  async *items(): AsyncGenerator<readonly Item[]> {
    for (const log of await inOrder(this.#options)) {
      yield* this.#read(log);
      this.#current = undefined;
      this.#before += log.size;
    }
    // What is fetched in parts right now, the daemon sees the end of.
    this.#made.parts.closeUntil(this.#options.clock.now());
    yield this.#take('');
  }

  async *#read(log: Log): AsyncGenerator<readonly Item[]> {
    const name = basename(log.path);
    const { read, clock } = this.#options;
    const file = new LogFile(log.path, await openRotated(log), headOf(log.beginning));
    this.#end = read.knows(log.beginning) ? Number.POSITIVE_INFINITY : read.since;
    this.#current = { file, size: log.size, unpacked: log.packing === 'gzip' ? await unpackedSize(log) : log.size };
    const { counter, windows } = this.#made;
    this.#notes.begin({ file: hashOf(firstLineOf(log.beginning)), begins: log.begins, until: this.#end });
    const oversized = (): void => {
      this.#bad.push({ reason: 'a line is longer than 64 KiB', where: name });
      counter.takeOversized();
    };
    try {
      for (;;) {
        const more = await file.read(
          this.#buffer,
          (buffer, end, key, offset) => counter.takeLines(buffer, end, key, offset),
          oversized,
        );
        yield this.#take(name);
        if (!more) break;
        await setImmediate();
      }
      const isWritten = log.packing === 'plain' && clock.now() - log.written < quietMs;
      if (file.skipping) oversized();
      // What is written there will be read by the daemon, or the next time.
      else if (file.rest.length > 0 && !isWritten) counter.takeRest(file.rest, keyOf(file), file.offset);
    } catch (error) {
      if (log.packing !== 'gzip') throw error;
      this.#bad.push({ reason: truncation(error), where: name });
    } finally {
      await file.close();
      this.#notes.end(windows.time);
    }
    yield this.#take(name);
  }

  /** What was made since the last time. */
  #take(file: string): Item[] {
    const { traffic, parts, windows } = this.#made;
    windows.takeClosed();
    const made = [...traffic.take(), ...parts.takeClosed()].map(eventOf);
    const events = made.map((event): Item => (event.created < this.#end ? event : { reason: readBefore, where: file }));
    const bad = this.#bad.map(item => (item.where === '' ? { ...item, where: file } : item));
    this.#bad = [];
    return [...events, ...bad];
  }

  #unparsed(line: string): void {
    this.#shapes += 1;
    const where = this.#shapes <= maxExamples ? lineShape(line) : '';
    this.#bad.push({ reason: 'a line is not of the format', where });
  }
}

/** As the reader of the daemon names a file that has no whole line. */
function keyOf({ key, rest }: LogFile): string {
  return key || hashOf(rest);
}

function firstLineOf(beginning: Buffer): Buffer {
  const end = beginning.indexOf('\n');
  return end < 0 ? beginning : beginning.subarray(0, end);
}

function eventOf({ id, body, fields, sinks }: Message): PastEvent & { readonly created: number } {
  return { id, text: body, created: Number(fields?.created), sinks };
}

async function inOrder({ files, config }: LogImportOptions): Promise<readonly Log[]> {
  const parser = createParser(config.format);
  const logs: Log[] = [];
  for (const path of files) {
    const { dev, ino, size, mtimeMs } = statSync(path);
    const packing = (await isGzip(path)) ? 'gzip' : 'plain';
    const log: RotatedLog = { path, dev, ino, size, written: mtimeMs, packing };
    const beginning = await beginningOf(path);
    const lines = beginning.toString('latin1').split('\n');
    const times = lines.map(text => {
      const line = Buffer.from(text.replace(/\r$/, ''), 'latin1');
      return parser.parse(line, 0, line.length) ? lineTime(parser) : Number.NaN;
    });
    logs.push({ ...log, beginning, begins: times.find(time => time >= 0) ?? Number.POSITIVE_INFINITY });
  }
  // The order in which they were named holds among those that begin together.
  return logs.sort((a, b) => (a.begins < b.begins ? -1 : a.begins > b.begins ? 1 : 0));
}

/** The first bytes, as many as it takes to know the file; of an archive that was cut off, those that are there. */
async function beginningOf(path: string): Promise<Buffer> {
  let bytes = Buffer.alloc(0);
  try {
    for await (const chunk of new InputFile(path).chunks()) {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length >= maxHeadBytes || (bytes.length >= headBytes && isSure(headOf(bytes)))) break;
    }
  } catch {
    // Why it ends there is said when it is read.
  }
  return bytes;
}
