import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import { describe, SetupError } from '../errors.js';
import { VisitorKeys } from '../nginx/traffic/visitors.js';
import { databaseFile } from '../storage/files.js';
import { writeOwnFile } from '../storage/own-files.js';
import { Reader } from '../storage/reader.js';

const dayMs = 86_400_000;
/** As long as a daemon keeps its own, ms. */
const keptMs = 2 * dayMs;
const fileName = 'import-salt';

interface Salt {
  readonly day: number;
  readonly salt: string;
}

/**
 * The pseudonyms of visitors of an import. Of days whose salt the daemon still has, they are the same as the daemon's;
 * all other days share one that is made for this pass. It is kept in DATA_DIR until the pass is over, so that one that
 * was cut off goes on under the same pseudonyms.
 */
export class ImportSalts {
  readonly visitors: VisitorKeys;
  readonly #known: ReadonlySet<number>;
  readonly #path: string;

  private constructor(visitors: VisitorKeys, known: readonly Salt[], path: string) {
    this.visitors = visitors;
    this.#known = new Set(known.map(({ day }) => day));
    this.#path = path;
  }

  /** Beside a daemon that runs. @throws SetupError when DATA_DIR cannot be written to */
  static async open(dir: string, clock: Clock): Promise<ImportSalts> {
    const saved = await savedSalts(dir);
    const path = join(dir, fileName);
    const fresh = saltOfPass(path, clock.now());
    const keyValues = { get: async () => saved.entries, put: async () => {} };
    const visitors = new VisitorKeys(keyValues, clock, () => fresh);
    await visitors.load();
    return new ImportSalts(visitors, saved.salts, path);
  }

  /** Whether the daemon's own salt of that day is gone, or never was. @param time epoch ms */
  isFresh(time: number): boolean {
    return !this.#known.has(Math.floor(time / dayMs));
  }

  /** From now on nobody can link these pseudonyms to an address. */
  forget(): void {
    rmSync(this.#path, { force: true });
  }
}

async function savedSalts(dir: string): Promise<{ entries: Map<string, string>; salts: readonly Salt[] }> {
  if (!existsSync(databaseFile(dir))) return { entries: new Map(), salts: [] };
  const reader = new Reader(dir, () => {});
  try {
    const rows = await reader.read('newestValues', { namespace: 'nginx.visitors', limit: 10 });
    const entries = new Map(rows as [string, string][]);
    return { entries, salts: JSON.parse(entries.get('salts') ?? '[]') };
  } finally {
    await reader.close();
  }
}

function saltOfPass(path: string, now: number): string {
  try {
    const kept = existsSync(path) ? readFileSync(path, 'utf8') : '';
    const [, salt, made] = /^([0-9a-f]{64}) (\d+)$/.exec(kept) ?? [];
    if (salt !== undefined && Number(made) > now - keptMs) return salt;
    const fresh = randomBytes(32).toString('hex');
    writeOwnFile(path, `${fresh} ${now}`);
    return fresh;
  } catch (error) {
    throw new SetupError(`${path} cannot be written (${describe(error)}): run the import as the user of the daemon`);
  }
}
