import { statSync } from 'node:fs';
import type { Clock } from '../clock.js';
import type { Log } from '../log.js';
import { Acceptance } from './acceptance.js';
import type {
  ReadArguments,
  ReadName,
  ReadResult,
  WriteArguments,
  WriteCall,
  WriteName,
  WriteResult,
} from './calls.js';
import { EventStore } from './event-store.js';
import type { KeyValues } from './key-values.js';
import type { LedgerReport } from './ledger-report.js';
import { type Limits, unlimited } from './limits.js';
import { Maintenance, type Retention } from './maintenance.js';
import { databaseFile } from './opening.js';
import { Reader } from './reader.js';
import { Watch } from './watch.js';
import { Writer } from './writer.js';

export interface StorageOptions {
  /** DATA_DIR; made when it is not there. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: none. */
  readonly limits?: Limits;
  /** The storage has failed for good: a corrupt file, a thread that died. Called once; every later call fails. */
  readonly onFatal: (error: Error) => void;
}

/** A JSON value by key, durable when `put` resolves. */
export interface Checkpoints {
  get<T>(key: string): Promise<T | undefined>;
  put(key: string, value: unknown): Promise<void>;
}

/**
 * Everything durable of this daemon, in one SQLite file under DATA_DIR: one thread writes it, two others answer queries.
 * Each operation is described in the file of its concern; `calls.ts` lists them.
 */
export class Storage {
  readonly events: EventStore;
  readonly checkpoints: Checkpoints;
  readonly acceptance: Acceptance;
  readonly #options: StorageOptions;
  readonly #writer: Writer;
  readonly #reader: Reader;
  /** Charts count millions of events, and have a thread of their own, so that nothing else waits for them. */
  readonly #charts: Reader;
  #maintenance: Maintenance | undefined;
  #watch: Watch | undefined;

  /** @throws SetupError when another daemon uses the folder, it cannot be written, or a newer release made its data */
  static async open(options: StorageOptions): Promise<Storage> {
    const { log, dir } = options;
    let dead = false;
    const onFatal = (error: Error): void => {
      if (dead) return;
      dead = true;
      options.onFatal(error);
    };
    const { writer, movedAside } = await Writer.open({ limits: unlimited, ...options, onFatal });
    if (movedAside !== undefined)
      log.error(
        { ...movedAside, consequence: 'a fresh file was made; what waited in the corrupt one is not delivered' },
        'storage.moved-aside',
      );
    return new Storage({ ...options, onFatal }, writer, new Reader(dir, onFatal), new Reader(dir, onFatal));
  }

  private constructor(options: StorageOptions, writer: Writer, reader: Reader, charts: Reader) {
    this.#options = options;
    this.#writer = writer;
    this.#reader = reader;
    this.#charts = charts;
    this.events = new EventStore(this);
    this.acceptance = new Acceptance(prove => this.write('checkRoom', { prove }), options.clock.now);
    this.checkpoints = {
      get: async key => {
        const value = await this.write('getCheckpoint', { key });
        return value === undefined ? undefined : JSON.parse(value);
      },
      put: (key, value) => this.write('putCheckpoint', { key, value: JSON.stringify(value) }),
    };
  }

  /**
   * One operation on the writer; durable when it resolves.
   * @throws FullError when the disk or a cap is full: nothing of it happened, later it may
   */
  async write<Name extends WriteName>(name: Name, ...args: WriteArguments<Name>): Promise<WriteResult<Name>> {
    const [result] = await this.#writer.write([[name, ...args] as unknown as WriteCall]);
    return result as WriteResult<Name>;
  }

  /** Several operations that happen together or not at all. */
  async atomically<Calls extends readonly WriteCall[]>(
    calls: readonly [...Calls],
  ): Promise<{ [Index in keyof Calls]: WriteResult<Calls[Index][0]> }> {
    return (await this.#writer.write(calls)) as { [Index in keyof Calls]: WriteResult<Calls[Index][0]> };
  }

  /** A query: sees everything that was written before it was asked. */
  async read<Name extends ReadName>(name: Name, ...args: ReadArguments<Name>): Promise<ReadResult<Name>> {
    const reader = name === 'series' ? this.#charts : this.#reader;
    return (await reader.read(name, args[0])) as ReadResult<Name>;
  }

  /** A durable map under a name of its own. */
  keyValues(namespace: string): KeyValues {
    return {
      get: async keys => new Map(keys.length === 0 ? [] : await this.write('getValues', { namespace, keys })),
      put: async (entries, keepMs) => {
        if (entries.length > 0) await this.write('putValues', { namespace, entries, keepMs });
      },
    };
  }

  /** When these were first seen: now, unless it was within the last day. Two who ask at once get the same answer. */
  async firstSeen(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return new Map(ids.length === 0 ? [] : await this.write('firstSeen', { ids }));
  }

  ledger(): Promise<LedgerReport> {
    return this.read('ledgerReport', { now: this.#options.clock.now() });
  }

  /** Retention, sweeping, compaction and the watch over the disk, from now on until `close`. */
  startMaintenance(retention: Retention): void {
    const file = databaseFile(this.#options.dir);
    const { ino } = statSync(file);
    this.#maintenance ??= new Maintenance(this, {
      ...this.#options,
      retention,
      compact: pages => this.#writer.compact(pages),
      stillThere: () => inodeOf(file) === ino,
    });
    this.#watch ??= new Watch({ ...this.#options, checks: [() => this.acceptance.check()] });
  }

  /** Waits for what was begun. */
  async close(): Promise<void> {
    await this.#watch?.stop();
    await this.#maintenance?.stop();
    await Promise.all([this.#reader.close(), this.#charts.close()]);
    await this.#writer.close();
  }
}

/** Undefined when there is no such file, for whatever reason. */
function inodeOf(file: string): number | undefined {
  try {
    return statSync(file).ino;
  } catch {
    return undefined;
  }
}
