import { statSync } from 'node:fs';
import { atMost, type Clock } from '../clock.js';
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
import { removeOldDamagedFiles } from './damaged-files.js';
import { DataFolder, folderFault, folderProblems } from './data-folder.js';
import { EventStore } from './event-store.js';
import { databaseFile } from './files.js';
import { writeHighWater } from './high-water.js';
import type { KeyValues } from './key-values.js';
import type { LedgerReport } from './ledger-report.js';
import { type Limits, unlimited } from './limits.js';
import { type Loss, lossProblems, type StorageProblem } from './losses.js';
import { Maintenance, type Retention } from './maintenance.js';
import { StorageMonitor } from './monitor.js';
import { Reader } from './reader.js';
import { Writer } from './writer.js';

export interface StorageOptions {
  /** DATA_DIR; made when it is not there. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Which folder `dir` was when this process first used it; default: whatever it is now. */
  readonly folder?: DataFolder;
  /** Default: none. */
  readonly limits?: Limits;
  /** The storage has failed for good: a corrupt file, a thread that died. Called once; every later call fails. */
  readonly onFatal: (error: Error) => void;
}

/** How long a storage waits for the one before it to close, ms. */
const maxReleaseMs = 30_000;

/** Queries that go through very many rows. */
const slowReads: ReadonlySet<ReadName> = new Set<ReadName>([
  'series',
  'countUsageAccesses',
  'countUsageDay',
  'usage',
  'datasetReport',
  'auditUsageDay',
  'findPeople',
  'findNotes',
  'countUsageOf',
  'findUsageItems',
]);

/** A JSON value by key, durable when `put` resolves. */
export interface Checkpoints {
  get<T>(key: string): Promise<T | undefined>;
  /** In one commit with what `calls` write. */
  put(key: string, value: unknown, calls?: readonly WriteCall[]): Promise<void>;
}

/**
 * Everything durable of this daemon, in one SQLite file under DATA_DIR: one thread writes it, two others answer
 * queries. Each operation is described in the file of its concern; `calls.ts` lists them.
 */
export class Storage {
  readonly events: EventStore;
  readonly checkpoints: Checkpoints;
  readonly acceptance: Acceptance;
  readonly #options: StorageOptions & { readonly folder: DataFolder };
  #losses: readonly Loss[] = [];
  #marked = '';
  /** Something was deleted that must leave the disk soon. */
  #unpurged = false;
  readonly #writer: Writer;
  readonly #reader: Reader;
  /** Charts and usage count millions of rows, and have a thread of their own, so that nothing else waits for them. */
  readonly #charts: Reader;
  #maintenance: Maintenance | undefined;
  #monitor: StorageMonitor | undefined;

  /** @throws SetupError when another daemon uses the folder, it cannot be written, or a newer release made its data */
  static async open(options: StorageOptions): Promise<Storage> {
    const { log, dir } = options;
    const folder = options.folder ?? new DataFolder(dir);
    folder.verify();
    // A tree that failed is given little time to end; its storage may still be closing, and holds the lock.
    await atMost(options.clock, maxReleaseMs, folder.released);
    let dead = false;
    const onFatal = (error: Error): void => {
      if (dead) return;
      dead = true;
      options.onFatal(folderFault(folder) ?? error);
    };
    const { writer, found } = await Writer.open({ limits: unlimited, ...options, onFatal });
    const [reader, charts] = [new Reader(dir, onFatal), new Reader(dir, onFatal)];
    // A thread that failed has the file open for a moment longer, and a fresh one cannot take its place meanwhile.
    folder.usedUntil(writer.exited.then(() => Promise.all([reader.close(), charts.close()])));
    folder.adopt();
    const { salvaged, lost } = found;
    if (salvaged !== undefined) log.error({ ...salvaged }, 'storage.salvaged');
    if (Object.keys(lost).length > 0) log.error({ lost }, 'storage.cut');
    if (folder.openMode !== undefined) log.warn({ dir, mode: folder.openMode }, 'folder.open');
    const storage = new Storage({ ...options, folder, onFatal }, writer, reader, charts);
    try {
      storage.#losses = await storage.write('losses');
      return storage;
    } catch (error) {
      await storage.close();
      throw error;
    }
  }

  private constructor(
    options: StorageOptions & { readonly folder: DataFolder },
    writer: Writer,
    reader: Reader,
    charts: Reader,
  ) {
    this.#options = options;
    this.#writer = writer;
    this.#reader = reader;
    this.#charts = charts;
    this.events = new EventStore(this);
    this.acceptance = new Acceptance(prove => this.write('checkCapacity', { prove }), options.clock.now);
    this.checkpoints = {
      get: async key => {
        const value = await this.write('getCheckpoint', { key });
        return value === undefined ? undefined : JSON.parse(value);
      },
      put: async (key, value, calls = []) => {
        await this.atomically([['putCheckpoint', { key, value: JSON.stringify(value) }], ...calls]);
      },
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

  /**
   * Several operations that happen together or not at all.
   * @param options.large so much that nothing is gained by a commit with others
   */
  async atomically<Calls extends readonly WriteCall[]>(
    calls: readonly [...Calls],
    { large = false } = {},
  ): Promise<{ [Index in keyof Calls]: WriteResult<Calls[Index][0]> }> {
    return (await this.#writer.write(calls, large)) as { [Index in keyof Calls]: WriteResult<Calls[Index][0]> };
  }

  /** A query: sees everything that was written before it was asked. */
  async read<Name extends ReadName>(name: Name, ...args: ReadArguments<Name>): Promise<ReadResult<Name>> {
    const reader = slowReads.has(name) ? this.#charts : this.#reader;
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

  /** Retention, sweeping, compaction and the monitor of the disk, from now on until `close`. */
  startMaintenance(retention: Retention): void {
    const file = databaseFile(this.#options.dir);
    const { ino } = statSync(file);
    this.#maintenance ??= new Maintenance(this, {
      ...this.#options,
      retention,
      compact: pages => this.#writer.compact(pages),
      removeOldFiles: now => removeOldDamagedFiles(this.#options.dir, now),
      stillThere: () => inodeOf(file) === ino,
    });
    this.#monitor ??= new StorageMonitor({
      ...this.#options,
      checks: [() => this.#checkFolder(), () => this.acceptance.check(), () => this.#mark(), () => this.#purge()],
    });
  }

  /** @returns whether that is otherwise than before */
  keepAtMost(retention: Retention): boolean {
    return this.#maintenance?.keepAtMost(retention) ?? false;
  }

  /** What was deleted before leaves the disk within seconds: the file, and the write-ahead log. */
  purgeSoon(): void {
    this.#unpurged = true;
  }

  /**
   * Every page is written anew, so that nothing is left of what was deleted, in unused parts of pages neither. False:
   * the file is too large for that while it is written to.
   */
  async rebuild(): Promise<boolean> {
    const isNew = await this.#writer.rebuild();
    this.purgeSoon();
    return isNew;
  }

  /** What a person should know, worst first. */
  problems(): StorageProblem[] {
    const { clock, folder } = this.#options;
    return [...lossProblems(this.#losses, clock.now()), ...folderProblems(folder)];
  }

  /** Rows that were lost since the beginning, by table. */
  lost(): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { rows } of this.#losses)
      for (const [table, count] of Object.entries(rows)) sums[table] = (sums[table] ?? 0) + count;
    return sums;
  }

  #checkFolder(): void {
    const fault = folderFault(this.#options.folder);
    if (fault !== undefined) this.#options.onFatal(fault);
  }

  async #mark(): Promise<void> {
    const mark = await this.write('highWater');
    const text = JSON.stringify(mark);
    if (text === this.#marked) return;
    writeHighWater(this.#options.dir, mark);
    this.#marked = text;
  }

  async #purge(): Promise<void> {
    if (this.#unpurged && (await this.#writer.purge())) this.#unpurged = false;
  }

  /** Waits for what was begun. */
  async close(): Promise<void> {
    await this.#monitor?.stop();
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
