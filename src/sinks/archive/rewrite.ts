import { randomInt } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { dayMs, readDay, startOfDay } from '../../calendar.js';
import {
  type DayFile,
  folderOf,
  linesBeforeCut,
  linesIn,
  maxFileBytes,
  packFile,
  readFileName,
  sha256Of,
  stateOf,
} from './files.js';
import { idOf } from './line.js';
import {
  createManifest,
  DamagedArchiveError,
  type LedgerCounts,
  listSeals,
  type Manifest,
  type ManifestFile,
  type ReadManifest,
  readManifest,
  sealOf,
} from './manifest.js';
import type { ArchiveStore } from './store.js';

export interface RewriteOptions {
  readonly store: ArchiveStore;
  /** Epoch ms. */
  readonly now: () => number;
  /** What was counted between two times (epoch ms); undefined = not known any more. */
  readonly counted?: (from: number, to: number) => Promise<LedgerCounts | undefined>;
  readonly signal?: AbortSignal;
  /** A part that was cut off goes; `events` of it were in no other file, and stay. */
  readonly onCut?: (file: string, events: number) => void;
}

/** The line that stands for it from now on: the same one, another one, or (undefined) none. */
export type Change = (line: string) => string | undefined;

/** A sealed file is whole, or somebody has changed it. */
function sealedState({ sha256 }: ManifestFile, bytes: Buffer): 'whole' | 'changed' {
  return sha256Of(bytes) === sha256 ? 'whole' : 'changed';
}

/** Others that seal at the same moment. */
const maxRaces = 8;
const maxWaitMs = 200;

/**
 * Makes what came of a day into sealed files, each event once, and seals the day with a manifest. Files that are sealed
 * already stay as they are. With `change`, only a day in which it changes a line is touched: what held the old line is
 * written anew, and the manifest says so under `erasures`.
 *
 * New files come first, then the manifest, then the old files go: after a crash in between, the next call finishes it.
 * Resolves with the manifest; undefined when there was nothing to do.
 * @throws DamagedArchiveError; and as the store does
 */
export async function rewriteDay(day: string, options: RewriteOptions, change?: Change): Promise<Manifest | undefined> {
  for (let race = 0; race < maxRaces; race += 1) {
    const done = await new Rewriting(day, options, change).run();
    if (done !== 'overtaken') return done;
    await setTimeout(randomInt(maxWaitMs));
  }
  throw new Error(`${day} was sealed by others ${maxRaces} times meanwhile`);
}

export interface ErasedFromArchive {
  /** Events that went, and events that lost a part. */
  readonly removed: number;
  readonly changed: number;
  /** The days that were written anew. */
  readonly days: readonly string[];
  /** Days that are not as they were written, and what was found: nothing was erased there. */
  readonly damaged: readonly { readonly day: string; readonly reason: string }[];
}

/**
 * Writes every day anew in which `change` changes a line. What the archive had of it is gone when this resolves; the
 * manifests say of which days how many events went, and not which. May run beside the sink that writes to the archive,
 * and once more after it was cut off.
 * @throws as the store does
 */
export async function eraseFromArchive(change: Change, options: RewriteOptions): Promise<ErasedFromArchive> {
  const erased = { removed: 0, changed: 0, days: [] as string[], damaged: [] as { day: string; reason: string }[] };
  for (const day of await listDays(options)) {
    try {
      const erasure = (await rewriteDay(day, options, change))?.erasures.at(-1);
      if (erasure === undefined) continue;
      erased.removed += erasure.removed;
      erased.changed += erasure.changed;
      erased.days.push(day);
    } catch (error) {
      if (!(error instanceof DamagedArchiveError)) throw error;
      erased.damaged.push({ day, reason: error.message });
    }
  }
  return erased;
}

/** Every day of which there is a file or a manifest. */
async function listDays({ store, signal }: RewriteOptions): Promise<readonly string[]> {
  const files = await store.list('days/', signal);
  const seals = await listSeals(store, signal);
  const days = [...files.flatMap(({ name }) => readFileName(name)?.day ?? []), ...seals.map(({ day }) => day)];
  return [...new Set(days)].sort();
}

/** Whoever sealed the day has removed a part since the files were listed. */
class OvertakenError extends Error {
  override name = 'OvertakenError';
}

class Rewriting {
  readonly #day: string;
  readonly #options: RewriteOptions;
  readonly #change: Change | undefined;
  readonly #ids = new Set<string>();
  readonly #files: ManifestFile[] = [];
  readonly #written: string[] = [];
  /** Files whose events are in others now. */
  readonly #outdated: string[] = [];
  /** Those among them that held something which is nowhere now. */
  readonly #replaced: string[] = [];
  /** Parts that were cut off, and how many bytes of them there were. */
  readonly #cut = new Map<string, number>();
  /** Files that an erasure had replaced when it was cut off. */
  readonly #leftOver: string[] = [];
  #lines: string[] = [];
  #bytes = 0;
  #removed = 0;
  #changed = 0;

  constructor(day: string, options: RewriteOptions, change: Change | undefined) {
    this.#day = day;
    this.#options = options;
    this.#change = change;
  }

  async run(): Promise<Manifest | 'overtaken' | undefined> {
    const { store, signal } = this.#options;
    const seals = await listSeals(store, signal);
    const last = seals.at(-1);
    const own = sealOf(seals, this.#day);
    const sealed = own === undefined ? undefined : await readManifest(store, own, signal);
    try {
      await this.#gather(sealed?.manifest);
      if (this.#change === undefined || this.#replaced.length > 0) await this.#flush();
      else await this.#undo();
    } catch (error) {
      await this.#undo();
      if (error instanceof OvertakenError) return 'overtaken';
      throw error;
    }
    await this.#remove(this.#leftOver);
    if (this.#change !== undefined && this.#replaced.length === 0) return undefined;
    if (this.#written.length > 0 || this.#replaced.length > 0) {
      const before = last === undefined || last === own ? sealed : await readManifest(store, last, signal);
      const manifest = await this.#manifest(sealed?.manifest, before);
      if (!(await createManifest(store, manifest, signal))) {
        await this.#undo();
        return 'overtaken';
      }
      await this.#remove(this.#outdated);
      return manifest;
    }
    await this.#remove(this.#outdated);
    return undefined;
  }

  /** Sealed files first: of an event that lies in two files, theirs stays. */
  async #gather(sealed: Manifest | undefined): Promise<void> {
    const { store, signal } = this.#options;
    const found = (await store.list(folderOf(this.#day), signal)).flatMap(({ name }) => readFileName(name) ?? []);
    const gone = new Set(sealed?.erasures.flatMap(({ replaced }) => replaced));
    const listed = new Map(sealed?.files.map(file => [file.name, file]));
    for (const file of listed.values()) await this.#take(file.name, file);
    for (const file of found) {
      if (gone.has(file.name)) this.#leftOver.push(file.name);
      else if (!listed.has(file.name)) await this.#take(file.name, file);
    }
  }

  async #take(name: string, known: ManifestFile | DayFile): Promise<void> {
    const { store, signal } = this.#options;
    signal?.throwIfAborted();
    const bytes = await store.read(name, signal);
    if (bytes === undefined)
      throw 'sha256' in known ? new DamagedArchiveError(`${name} is missing`) : new OvertakenError(`${name} is gone`);
    const state = 'sha256' in known ? sealedState(known, bytes) : stateOf(known, bytes);
    if (state === 'changed') throw new DamagedArchiveError(`${name} is not as it was written`);
    const isSealed = 'sha256' in known;
    const kept: string[] = [];
    let [removed, changed] = [0, 0];
    for await (const lines of state === 'whole' ? linesIn(bytes) : linesBeforeCut(bytes)) {
      for (const line of lines) {
        const id = idOf(line) ?? line;
        if (this.#ids.has(id) && !isSealed) continue;
        this.#ids.add(id);
        const next = this.#change === undefined ? line : this.#change(line);
        if (next === undefined) removed += 1;
        else if (next !== line) changed += 1;
        if (next !== undefined) kept.push(next);
      }
    }
    if (isSealed && removed + changed === 0) {
      this.#files.push(known);
      return;
    }
    this.#outdated.push(name);
    if (removed + changed > 0) this.#replaced.push(name);
    this.#removed += removed;
    this.#changed += changed;
    for (const line of kept) await this.#add(line);
    if (state !== 'cut off') return;
    this.#cut.set(name, bytes.length);
    this.#options.onCut?.(name, kept.length);
  }

  async #add(line: string): Promise<void> {
    this.#lines.push(line);
    this.#bytes += line.length + 1;
    if (this.#bytes >= maxFileBytes) await this.#flush();
  }

  async #flush(): Promise<void> {
    const { store, now, signal } = this.#options;
    const lines = this.#lines;
    if (lines.length === 0) return;
    this.#lines = [];
    this.#bytes = 0;
    const { name, bytes, sha256 } = await packFile(this.#day, lines, now(), false);
    this.#written.push(name);
    await store.put(name, bytes, signal);
    this.#files.push({ name, bytes: bytes.length, sha256, events: lines.length });
  }

  async #manifest(sealed: Manifest | undefined, before: ReadManifest | undefined): Promise<Manifest> {
    const { now, counted } = this.#options;
    const events = this.#files.reduce((sum, file) => sum + file.events, 0);
    const erased = this.#removed + this.#changed > 0;
    const at = new Date(now()).toISOString();
    const erasure = { at, removed: this.#removed, changed: this.#changed, replaced: this.#replaced };
    const start = startOfDay(readDay(this.#day) ?? 0);
    return {
      format: 'event-sink-archive/1',
      number: (before?.manifest.number ?? 0) + 1,
      day: this.#day,
      sealed_at: at,
      events,
      added: events + this.#removed - (sealed?.events ?? 0),
      files: this.#files,
      ledger: (await counted?.(start, start + dayMs)) ?? sealed?.ledger ?? null,
      erasures: [...(sealed?.erasures ?? []), ...(erased ? [erasure] : [])],
      supersedes: sealed?.number ?? null,
      previous: before === undefined ? null : { number: before.manifest.number, sha256: before.sha256 },
    };
  }

  /** What was written is not wanted: it failed, another run was faster, or there is nothing to change. */
  async #undo(): Promise<void> {
    for (const name of this.#written.splice(0)) await this.#options.store.remove(name).catch(() => undefined);
  }

  async #remove(names: readonly string[]): Promise<void> {
    const { store, signal } = this.#options;
    for (const name of names) {
      const seen = this.#cut.get(name);
      // One that has grown was not cut off but is still being written: the next seal takes it.
      if (seen !== undefined && (await store.read(name, signal))?.length !== seen) continue;
      await store.remove(name, signal);
    }
  }
}
