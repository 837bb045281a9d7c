import {
  appendFileSync,
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Clock, systemClock } from '../../src/clock.js';
import type { Message } from '../../src/events/message.js';
import type { Log } from '../../src/log.js';
import { silentLog } from '../../src/log.js';
import { parseFormat } from '../../src/nginx/lines/format.js';
import type { NginxConfig } from '../../src/nginx/nginx-config.js';
import type { LogCheckpoint, LogReader } from '../../src/nginx/reader.js';
import { createLogReader } from '../../src/nginx/source.js';
import { VisitorKeys } from '../../src/nginx/traffic/visitors.js';
import type { SourceStore } from '../../src/source-store.js';
import type { WriteCall } from '../../src/storage/calls.js';
import { type TemporaryFolder, temporaryFolder } from '../helpers/temporary.js';

export const plainConfig: NginxConfig = {
  files: [],
  rotatedDirs: [],
  start: 'beginning',
  format: parseFormat('combined'),
  windowMs: 60_000,
  trafficEvents: [],
  allPages: false,
  keepIp: false,
  uploadsPublished: false,
  pathPrefix: '',
  statusUrl: undefined,
};

/** A line of the format `combined`; its number is in its address, so that every line is another. */
export function line(number: number, more: { time?: string; agent?: string; request?: string } = {}): string {
  const { time = '05/Mar/2024:10:00:00 +0000', agent = 'Mozilla/5.0 Firefox/123.0', request } = more;
  return `10.0.0.1 - - [${time}] "${request ?? `GET /line/${number} HTTP/1.1`}" 200 12 "-" "${agent}"\n`;
}

/** For ids of events. */
export const idSecret = 'the secret of a test';

/** In tests the whole of 81.2.69.0/24 is British, and nothing else is anywhere. */
export const countryOfTest = (address: string): string | undefined =>
  address.startsWith('81.2.69.') ? 'GB' : undefined;

export const noMemory = { get: async () => new Map<string, string>(), put: async () => {} };

/** What a reader has committed, as a database would keep it. */
export class MemoryStore implements SourceStore<LogCheckpoint> {
  saved: string | undefined;
  messages: Message[] = [];
  /** What was to be written with the messages. */
  calls: WriteCall[] = [];
  commits = 0;
  /** Thrown by commits while it is set. */
  fault: Error | undefined;

  async load(): Promise<LogCheckpoint | undefined> {
    return this.saved === undefined ? undefined : (JSON.parse(this.saved) as LogCheckpoint);
  }

  async commit(messages: readonly Message[], position: LogCheckpoint, calls: readonly WriteCall[] = []): Promise<void> {
    await Promise.resolve();
    if (this.fault !== undefined) throw this.fault;
    this.commits += 1;
    this.messages.push(...messages);
    this.calls.push(...calls);
    this.saved = JSON.stringify(position);
  }

  get checkpoint(): LogCheckpoint {
    return JSON.parse(this.saved ?? 'null') as LogCheckpoint;
  }

  /** The events of one category. */
  events(category: string): Record<string, unknown>[] {
    return this.messages.map(({ body }) => JSON.parse(body)).filter(event => event.category === category);
  }

  /** Requests in the windows that were closed. */
  get requests(): number {
    return this.events('connections').reduce((sum, { requests }) => sum + Number(requests), 0);
  }
}

export interface SceneOptions {
  readonly config?: Partial<NginxConfig>;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly onHold?: (error: unknown) => Promise<void>;
}

/** A log in a folder of its own, a program that writes it, a reader that follows it, and whatever happens to both. */
export class Scene {
  readonly folder: TemporaryFolder = temporaryFolder();
  readonly path = join(this.folder.path, 'access.log');
  readonly store = new MemoryStore();
  /** Lines that were written whole. */
  written = 0;
  reader: LogReader | undefined;
  #rotations = 0;
  #stopping = new AbortController();
  readonly #options: SceneOptions;

  constructor(options: SceneOptions = {}) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { config, clock = systemClock, log = silentLog, onHold } = this.#options;
    this.#stopping = new AbortController();
    this.reader = createLogReader({
      path: this.path,
      name: 'access.log',
      config: { ...plainConfig, ...config },
      clowderUrl: undefined,
      idSecret,
      visitors: new VisitorKeys(noMemory, clock),
      countryOf: countryOfTest,
      store: this.store,
      clock,
      log,
      onHold: onHold ?? (async () => {}),
      stopping: this.#stopping.signal,
    });
    await this.reader.open();
  }

  /** Until nothing is left to read. */
  async read(): Promise<void> {
    while ((await this.reader?.pass())?.more);
  }

  /** In the middle of a look, which ends after its current piece. */
  async stopWhileReading(): Promise<void> {
    const pass = this.reader?.pass();
    this.#stopping.abort();
    await pass;
    await this.stop();
  }

  /** In order: what was counted is committed. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.reader?.close();
    this.reader = undefined;
  }

  /** As kill -9 does it: what was not committed is forgotten. */
  async kill(): Promise<void> {
    this.store.fault = new Error('killed');
    await this.stop();
    this.store.fault = undefined;
  }

  write(...lines: readonly string[]): void {
    for (const text of lines) {
      appendFileSync(this.path, text);
      if (text.endsWith('\n')) this.written += 1;
    }
  }

  /** This many lines, all different. */
  writeLines(count: number): void {
    const first = this.written;
    appendFileSync(this.path, Array.from({ length: count }, (_, index) => line(first + index)).join(''));
    this.written += count;
  }

  /** A descriptor of the current log that stays with it when it is renamed, as that of a worker of nginx does. */
  worker(): { write(count: number): void; close(): void } {
    const descriptor = openSync(this.path, 'a');
    return {
      write: count => {
        for (let index = 0; index < count; index += 1) writeSync(descriptor, line(this.written++));
      },
      close: () => closeSync(descriptor),
    };
  }

  rename(): string {
    this.#rotations += 1;
    const moved = `${this.path}.${this.#rotations}`;
    renameSync(this.path, moved);
    return moved;
  }

  create(): void {
    if (!existsSync(this.path)) writeFileSync(this.path, '');
  }

  copyTruncate(): string {
    this.#rotations += 1;
    const copy = `${this.path}.${this.#rotations}`;
    copyFileSync(this.path, copy);
    truncateSync(this.path);
    return copy;
  }

  /** As gzip does: with the time of writing. */
  compress(path: string): void {
    const { atimeMs, mtimeMs } = statSync(path);
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)));
    utimesSync(`${path}.gz`, atimeMs / 1_000, mtimeMs / 1_000);
    unlinkSync(path);
  }

  async remove(): Promise<void> {
    if (this.reader !== undefined) await this.kill();
    this.folder.remove();
  }
}
