import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import {
  type ReadArguments,
  type ReadName,
  type ReadResult,
  runRead,
  type WriteArguments,
  type WriteName,
  type WriteResult,
} from '../../src/storage/calls.js';
import { Database } from '../../src/storage/database.js';
import { type Job, type Outcome, runGroup } from '../../src/storage/group.js';
import { type Limits, unlimited } from '../../src/storage/limits.js';
import { migrate } from '../../src/storage/migrate.js';
import { Storage, type StorageOptions } from '../../src/storage/storage.js';

/** Gives the body a folder that is gone afterwards. */
export async function inFolder<T>(body: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'event-sink-storage-'));
  try {
    return await body(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

export function openStorage(dir: string, options: Partial<StorageOptions> = {}): Promise<Storage> {
  return Storage.open({
    dir,
    clock: systemClock,
    log: silentLog,
    onFatal: error => {
      throw error;
    },
    ...options,
  });
}

/** Gives the body a storage in a folder of its own. */
export function withStorage<T>(
  body: (storage: Storage, dir: string) => Promise<T>,
  options: Partial<StorageOptions> = {},
): Promise<T> {
  return inFolder(async dir => {
    const storage = await openStorage(dir, options);
    try {
      return await body(storage, dir);
    } finally {
      await storage.close();
    }
  });
}

/** The operations on a database in memory, on this thread: for tests of what they do, thousands a second. */
export class ScratchDatabase {
  readonly database = new Database(':memory:');
  readonly #diskSpace = { require: () => {} };
  limits: Limits = unlimited;
  now = 1_700_000_000_000;

  /** @param migrations those of an older release; of today, where it is left out */
  constructor(migrations?: readonly string[]) {
    migrate(this.database, migrations);
  }

  group(jobs: readonly Job[]): Outcome[] {
    const { database, limits, now } = this;
    return runGroup({ database, diskSpace: this.#diskSpace, limits, now, believed: now }, jobs);
  }

  write<Name extends WriteName>(name: Name, ...args: WriteArguments<Name>): WriteResult<Name> {
    const [outcome] = this.group([[[name, ...args]] as unknown as Job]);
    if (outcome === undefined || 'error' in outcome) throw outcome?.error;
    return outcome.results[0] as WriteResult<Name>;
  }

  read<Name extends ReadName>(name: Name, ...args: ReadArguments<Name>): ReadResult<Name> {
    return runRead(this.database, name, args[0]) as ReadResult<Name>;
  }
}

/** A clock that stands still until a test moves it: time passes then, or with `jumps` it is only set to another one. */
export function manualClock(start: number, { jumps = false } = {}): Clock & { time: number } {
  const clock = {
    time: start,
    now: () => clock.time,
    monotonic: () => systemClock.monotonic() + (jumps ? 0 : clock.time - start),
    sleep: systemClock.sleep,
  };
  return clock;
}

/** Messages by column, their ids from `first` on. */
export function columns(first: number, count: number, text = '') {
  const numbers = Array.from({ length: count }, (_, index) => first + index);
  return {
    ids: numbers.map(number => `id-${number}`),
    bodies: numbers.map(number => JSON.stringify({ category: 'download', number, text })),
    sources: numbers.map(() => 'http'),
    received: numbers.map(number => 1_700_000_000_000 + number),
    timestamps: numbers.map(() => null),
  };
}
