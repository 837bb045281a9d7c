import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, link, mkdir, open, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, SetupError, TransientError } from '../../errors.js';
import { errorCodeOf, networkErrorWords } from '../../network-errors.js';
import { type ArchiveStore, requireSame, type StoredFile } from './store.js';

/** Files are made here and moved to where they belong once they are whole. */
const unfinished = 'tmp';
/** Nobody has been writing to a file for so long: its writer died, ms. */
const abandonedMs = 3_600_000;

/** A person has to do something about these; what else fails may pass. */
const setupCodes: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP']);
/** A link that leads nowhere, or round in a circle. */
const leadsNowhere: ReadonlySet<string> = new Set(['ENOENT', 'ELOOP']);
/** File systems that know no hard links answer so. */
const withoutLinks: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** An archive in a folder of this machine, or of one that is mounted there. */
export class FolderStore implements ArchiveStore {
  readonly place: string;

  constructor(path: string) {
    this.place = path;
  }

  async list(prefix: string): Promise<readonly StoredFile[]> {
    return this.#guard(async () => {
      // Names of one folder are asked for, or those of a folder with all below it.
      const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      const found = await this.#below(folder);
      return found.filter(({ name }) => name.startsWith(prefix)).sort((a, b) => (a.name < b.name ? -1 : 1));
    });
  }

  async read(name: string): Promise<Buffer | undefined> {
    return this.#guard(() => readFile(join(this.place, name)).catch(unlessMissing));
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    if (!(await this.create(name, bytes))) requireSame(this.place, name, bytes, await this.read(name));
  }

  async create(name: string, bytes: Uint8Array): Promise<boolean> {
    return this.#guard(async () => {
      const path = join(this.place, name);
      await makeFolder(dirname(path));
      const fresh = await this.#write(bytes);
      try {
        await link(fresh, path);
      } catch (error) {
        if (errorCodeOf(error) === 'EEXIST') return false;
        if (!withoutLinks.has(errorCodeOf(error) ?? '')) throw error;
        if ((await stat(path).catch(unlessMissing)) !== undefined) return false;
        await rename(fresh, path);
      } finally {
        await rm(fresh, { force: true });
      }
      await syncFolder(dirname(path));
      return true;
    });
  }

  async remove(name: string): Promise<void> {
    await this.#guard(async () => {
      const path = join(this.place, name);
      // Somebody may have moved it elsewhere and left a link: it goes with what it leads to.
      const moved = await realpath(path).catch(unlessNowhere);
      if (moved !== undefined) await rm(moved, { force: true });
      await rm(path, { force: true });
      await syncFolder(dirname(path)).catch(unlessMissing);
    });
  }

  async probe(): Promise<void> {
    await this.#guard(async () => {
      // The folder is made with the first file: until then, what it will be made in is looked at.
      for (let path = this.place; ; path = dirname(path)) {
        const found = await stat(path).catch(unlessMissing);
        if (found === undefined && path !== dirname(path)) continue;
        if (found?.isDirectory() !== true) throw new SetupError(`ARCHIVE_URL: ${path} is not a folder`);
        return access(path, constants.R_OK | constants.W_OK | constants.X_OK);
      }
    });
  }

  /** Takes away what writers left unfinished when they died. */
  async tidy(now: number): Promise<void> {
    await this.#guard(async () => {
      for (const { name } of await this.#below(`${unfinished}/`)) {
        const path = join(this.place, name);
        const found = await stat(path).catch(unlessMissing);
        if (found !== undefined && found.mtimeMs < now - abandonedMs) await rm(path, { force: true });
      }
    });
  }

  /** Whatever else somebody put there is no file of an archive: links that lead nowhere, pipes, sockets. */
  async #below(folder: string): Promise<StoredFile[]> {
    const entries = await readdir(join(this.place, folder), { withFileTypes: true }).catch(unlessMissing);
    const found: StoredFile[] = [];
    for (const entry of entries ?? []) {
      const name = `${folder}${entry.name}`;
      if (entry.isDirectory()) found.push(...(await this.#below(`${name}/`)));
      if (!entry.isFile() && !entry.isSymbolicLink()) continue;
      const there = await stat(join(this.place, name)).catch(unlessNowhere);
      if (there?.isFile() === true) found.push({ name, bytes: there.size });
    }
    return found;
  }

  /** A file that is whole and durable, under a name of its own. */
  async #write(bytes: Uint8Array): Promise<string> {
    await makeFolder(join(this.place, unfinished));
    const path = join(this.place, unfinished, randomUUID());
    try {
      const file = await open(path, 'wx', 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
    return path;
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof SetupError || error instanceof TransientError) throw error;
      const code = errorCodeOf(error) ?? '';
      const words = networkErrorWords[code] ?? describe(error);
      if (setupCodes.has(code))
        throw new SetupError(`the archive cannot use its folder ${this.place} (${words}): check ARCHIVE_URL`);
      throw new TransientError(`the archive's folder ${this.place}: ${words}`, { cause: error });
    }
  }
}

function unlessMissing(error: unknown): undefined {
  if (errorCodeOf(error) !== 'ENOENT') throw error;
}

function unlessNowhere(error: unknown): undefined {
  if (!leadsNowhere.has(errorCodeOf(error) ?? '')) throw error;
}

/** With the folders above it. Each new name is made durable in the folder that holds it. */
async function makeFolder(path: string): Promise<void> {
  const topmost = await mkdir(path, { recursive: true, mode: 0o700 });
  if (topmost === undefined) return;
  for (let made = path; made.length >= topmost.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
