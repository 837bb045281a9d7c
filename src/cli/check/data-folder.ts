import { randomUUID } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { access, mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SetupError } from '../../errors.js';
import { firstKeyPath, readFirstKey } from '../../keys/first-key.js';
import { idSecretPath } from '../../keys/id-secret.js';
import { errorCodeOf, networkErrorWords } from '../../network-errors.js';
import { reserveBytes } from '../../storage/disk-space.js';
import { databaseFile, lockFile } from '../../storage/files.js';
import { lockDirectory } from '../../storage/opening.js';
import { daemonAddress, isAlive } from '../daemon-address.js';
import { type Attempt, WrongError } from './attempt.js';

const setting = 'DATA_DIR';

interface Place {
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  readonly tls?: object | undefined;
}

/** A folder that is not there yet is made, and taken away again. */
export function dataFolder(place: Place, firstKey: boolean): Attempt {
  const { dataDir } = place;
  const path = resolve(dataDir);
  return {
    dependency: 'data folder',
    tried: `keep everything in ${path}`,
    setting,
    fix: 'name a folder that this user can write to',
    run: async signal => {
      const made = await makeFolder(dataDir, path);
      try {
        await tryToWrite(dataDir, path);
        if (firstKey) readFirstKey(dataDir);
        const free = await requireFreeSpace(dataDir, path);
        const use = await requireUnused(place, path, signal);
        return `can be written to, ${use}, ${free}`;
      } finally {
        if (made !== undefined) await rm(made, { recursive: true });
      }
    },
  };
}

/** What it made, the topmost folder of it. */
async function makeFolder(dataDir: string, path: string): Promise<string | undefined> {
  try {
    return await mkdir(dataDir, { recursive: true });
  } catch (error) {
    throw unwritable(`${path} cannot be made`, error);
  }
}

async function tryToWrite(dataDir: string, path: string): Promise<void> {
  const file = join(dataDir, `.check-${randomUUID()}`);
  try {
    await writeFile(file, '');
    await rm(file);
  } catch (error) {
    throw unwritable(`${path} cannot be written to`, error);
  }
  const kept = [databaseFile, lockFile, firstKeyPath, idSecretPath].map(name => name(dataDir));
  for (const file of kept.filter(existsSync)) {
    try {
      await access(file, constants.R_OK | constants.W_OK);
    } catch (error) {
      const why = wordsOf(error);
      throw new WrongError(`${file} cannot be read and written (${why})`, {
        setting,
        fix: 'give it to the user that runs the daemon, or run this as that user',
      });
    }
  }
}

async function requireFreeSpace(dataDir: string, path: string): Promise<string> {
  const { bavail, bsize } = await statfs(dataDir);
  const free = bavail * bsize;
  if (free < reserveBytes) {
    throw new WrongError(`the disk of ${path} is full: ${inMegabytes(free)} are free`, {
      setting,
      fix: `make room for more than ${inMegabytes(reserveBytes)}, or name a folder on another disk`,
    });
  }
  return `${inMegabytes(free)} free`;
}

async function requireUnused({ dataDir, host, port, tls }: Place, path: string, signal: AbortSignal): Promise<string> {
  if (!existsSync(lockFile(dataDir))) return 'unused';
  try {
    lockDirectory(dataDir).close();
    return 'not in use';
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    if (port !== 0 && (await isAlive(daemonAddress({ host, port, tls }), signal)))
      return 'in use by the running daemon';
    throw new WrongError(`another event-sink daemon uses ${path}, and it is not the one of HOST and PORT`, {
      setting,
      fix: 'stop it, or give this one a folder of its own',
    });
  }
}

function unwritable(what: string, error: unknown): WrongError {
  return new WrongError(`${what} (${wordsOf(error)})`, { setting, fix: 'name a folder that this user can write to' });
}

function wordsOf(error: unknown): string {
  const code = errorCodeOf(error);
  return code === undefined ? String(error) : (networkErrorWords[code] ?? code);
}

function inMegabytes(bytes: number): string {
  return bytes < 10_000_000_000 ? `${Math.floor(bytes / 1e6)} MB` : `${Math.floor(bytes / 1e9)} GB`;
}
