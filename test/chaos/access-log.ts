import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDaemon } from '../helpers/daemon.js';
import type { Random } from '../helpers/random.js';
import { until } from '../helpers/wait.js';
import { type EventMaker, markIn } from './events.js';
import type { Batch, SentRecord } from './record.js';

/**
 * What happens to logs, while the daemon runs, and while it does not:
 *
 * - rotated: renamed, and a new one begun;
 * - moved: the whole folder to another place, `cp -a`, where the path leads to from then on;
 * - another inode: restored with the same bytes;
 * - cut: the last lines are gone; zeroed: there are NUL bytes in their place, as after a loss of power;
 * - restored: an older state of it comes back;
 * - edited: `sed -i` takes a line out.
 */
export const logFaults = ['rotated', 'moved', 'another inode', 'cut', 'zeroed', 'restored', 'edited'] as const;

/** The daemon knows the last 64 lines that it has read: several faults may meet before it looks. */
const maxLines = 10;

/** A window of 2 s closes 5 s past its end; a busy machine needs longer. */
const windowPatienceMs = 60_000;

/**
 * An access log that is written to, and to which things happen. Each line has a mark in its
 * address, and makes a view of a page.
 */
export class AccessLog {
  readonly #base = mkdtempSync(join(tmpdir(), 'event-sink-log-'));
  readonly #path = join(this.#base, 'logs', 'access.log');
  readonly #lines = new Map<string, Batch>();
  #places = 0;
  #rotations = 0;

  constructor() {
    mkdirSync(join(this.#base, 'place-0'));
    symlinkSync(join(this.#base, 'place-0'), join(this.#base, 'logs'));
    appendFileSync(this.#path, '');
  }

  /** For the daemon that reads it. */
  get settings(): Readonly<Record<string, string>> {
    return { NGINX_ACCESS_LOG: this.#path, NGINX_TRAFFIC_EVENTS: 'on', NGINX_WINDOW_SECONDS: '2' };
  }

  /** Writes line after line; one that is written counts as acknowledged. */
  async write(options: {
    readonly maker: EventMaker;
    readonly record: SentRecord;
    readonly random: Random;
    readonly signal: AbortSignal;
  }): Promise<void> {
    const { maker, record, random, signal } = options;
    while (!signal.aborted) {
      const mark = maker.mark();
      const batch = record.add([{ mark, deadAt: [] }]);
      batch.acknowledged = 1;
      this.#lines.set(mark, batch);
      appendFileSync(this.#path, line(mark, random));
      await sleep(random.between(20, 80), undefined, { signal }).catch(() => undefined);
    }
  }

  async suffer(fault: string, random: Random): Promise<void> {
    switch (fault) {
      case 'rotated':
        this.#rotations += 1;
        renameSync(this.#path, `${this.#path}.${1_000 - this.#rotations}`);
        return appendFileSync(this.#path, '');
      case 'moved':
        return this.#move();
      case 'another inode':
        copyFileSync(this.#path, `${this.#path}.restored`);
        return renameSync(`${this.#path}.restored`, this.#path);
      case 'cut':
        this.#cut(random.integer(1, maxLines));
        return;
      case 'zeroed':
        return appendFileSync(this.#path, Buffer.alloc(this.#cut(random.integer(1, maxLines))));
      case 'restored':
        return this.#restore();
      default:
        return this.#edit(random);
    }
  }

  /** Waits until the daemon has counted every line that is surely there, and closed its last window. */
  async readToItsEnd(daemon: TestDaemon, patienceMs: number): Promise<void> {
    const { min } = this.#written();
    const counted = async (): Promise<number> => {
      const { actors } = await daemon.json('/v1/status');
      return Number(actors.find(({ path }) => path.startsWith('ingress/nginx-log/'))?.detail.requests ?? 0);
    };
    await until(async () => (await counted()) >= min, 'a log that is read to its end', patienceMs, 100);
    // A window of 2 s closes 5 s past its end.
    await sleep(8_000);
  }

  /**
   * What is wrong with the windows in the local store: all of their requests are the lines. The last ones close by the
   * daemon's clock, which must be right by now.
   */
  async wrong(daemon: TestDaemon, purged: number): Promise<string[]> {
    const { min, max } = this.#written();
    const counted = async (): Promise<number> =>
      (await daemon.stored('connections')).reduce((sum, window) => sum + Number(window.requests), 0);
    const all = async (): Promise<boolean> => purged > 0 || (await counted()) >= min;
    await until(all, 'windows that are all closed', windowPatienceMs, 500).catch(() => undefined);
    const requests = await counted();
    const right = requests <= max && (requests >= min || purged > 0);
    return right ? [] : [`the windows count ${requests} requests, and the log had ${min} to ${max} lines`];
  }

  remove(): void {
    rmSync(this.#base, { recursive: true, force: true });
  }

  #move(): void {
    const from = join(this.#base, `place-${this.#places}`);
    this.#places += 1;
    const to = join(this.#base, `place-${this.#places}`);
    cpSync(from, to, { recursive: true, preserveTimestamps: true });
    const link = join(this.#base, 'logs');
    unlinkSync(link);
    symlinkSync(to, link);
    rmSync(from, { recursive: true });
  }

  /** Takes lines off the end, which may have been read or not. @returns their bytes */
  #cut(count: number): number {
    const whole = readFileSync(this.#path, 'latin1');
    const lines = whole.split('\n').slice(0, -1);
    const gone = lines.slice(-count);
    // The first line says which log it is.
    if (lines.length <= count) return 0;
    this.#uncertain(gone);
    const bytes = gone.join('\n').length + 1;
    truncateSync(this.#path, whole.length - bytes);
    return bytes;
  }

  async #restore(): Promise<void> {
    const copy = `${this.#path}.backup`;
    copyFileSync(this.#path, copy);
    const { length } = readFileSync(copy);
    await sleep(200);
    if (!existsSync(this.#path)) return;
    this.#uncertain(readFileSync(this.#path, 'latin1').slice(length).split('\n'));
    renameSync(copy, this.#path);
  }

  #edit(random: Random): void {
    const lines = readFileSync(this.#path, 'latin1').split('\n').slice(0, -1);
    if (lines.length < 4) return;
    // Neither the first, which says which log it is, nor the last, which may count again.
    const number = random.integer(2, lines.length - 2);
    this.#uncertain([lines[number - 1] ?? '']);
    execFileSync('sed', ['-i', `${number}d`, this.#path]);
  }

  /** Lines that are surely there, and all that ever were. */
  #written(): { min: number; max: number } {
    const batches = [...this.#lines.values()];
    return { min: batches.filter(({ acknowledged }) => acknowledged > 0).length, max: batches.length };
  }

  /** They may have been read before they went. */
  #uncertain(lines: readonly string[]): void {
    for (const one of lines) {
      const batch = this.#lines.get(markIn(one) ?? '');
      if (batch === undefined) continue;
      batch.acknowledged = 0;
      batch.unanswered = 1;
    }
  }
}

function line(mark: string, random: Random): string {
  const iso = new Date().toISOString();
  const month = new Date().toLocaleString('en-GB', { month: 'short', timeZone: 'UTC' }).slice(0, 3);
  const time = `${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
  const address = `203.0.113.${random.integer(1, 9)}`;
  return `${address} - - [${time}] "GET /datasets/${mark} HTTP/1.1" 200 512 "-" "Mozilla/5.0 (X11; Linux x86_64) Firefox/125.0"\n`;
}
