import { type DayFile, readFileName, sha256Of, stateOf } from './files.js';
import {
  DamagedArchiveError,
  listSeals,
  type Manifest,
  type ReadManifest,
  readManifest,
  type Seal,
} from './manifest.js';
import type { ArchiveStore } from './store.js';

export interface VerifyRange {
  /** The first and the last day: `2026-03-15`. */
  readonly from?: string | undefined;
  readonly until?: string | undefined;
}

/** Something that is not as the daemon left it. */
export interface Flaw {
  readonly day: string;
  readonly file: string;
  /** In words. */
  readonly flaw: string;
}

export interface VerifiedDay {
  readonly day: string;
  readonly sealed: boolean;
  /** In the sealed files. */
  readonly events: number;
  readonly files: number;
  /** Files whose events came after the day was sealed, or before that: the next seal takes them. */
  readonly waiting: number;
  /** Events that erasures took out, or took a part of. */
  readonly erased: number;
  readonly flaws: readonly Flaw[];
}

/**
 * Looks at every manifest, whatever the range, and at every byte of each day in it, a day at a time. Works without the
 * daemon, and beside it.
 */
export async function* verifyArchive(
  store: ArchiveStore,
  { from = '', until = '9999-12-31' }: VerifyRange = {},
): AsyncGenerator<VerifiedDay> {
  let state = await readState(store);
  for (const day of state.days) {
    if (day < from || day > until) {
      const flaws = state.manifestFlaws.get(day);
      if (flaws !== undefined) yield { ...nothing(day), flaws };
      continue;
    }
    let verified = await verifyDay(store, day, state);
    // A day that was sealed while it was looked at.
    if (verified.flaws.length > 0 && (await listSeals(store)).length !== state.seals) {
      state = await readState(store);
      verified = await verifyDay(store, day, state);
    }
    yield verified;
  }
}

/** Everything but the bytes of the days. */
interface State {
  readonly seals: number;
  readonly days: readonly string[];
  readonly files: ReadonlyMap<string, readonly string[]>;
  readonly latest: ReadonlyMap<string, Manifest>;
  /** What is wrong with manifests, by their day. */
  readonly manifestFlaws: ReadonlyMap<string, readonly Flaw[]>;
}

async function readState(store: ArchiveStore): Promise<State> {
  const seals = await listSeals(store);
  const { latest, flaws } = await readChain(store, seals);
  const files = new Map<string, string[]>();
  for (const { name } of await store.list('days/')) {
    const day = name.split('/')[1] ?? '';
    files.set(day, [...(files.get(day) ?? []), name]);
  }
  const days = [...new Set([...files.keys(), ...latest.keys(), ...flaws.keys()])].sort();
  return { seals: seals.length, days, files, latest, manifestFlaws: flaws };
}

async function readChain(store: ArchiveStore, seals: readonly Seal[]) {
  const latest = new Map<string, Manifest>();
  const flaws = new Map<string, Flaw[]>();
  let before: ReadManifest | undefined;
  let expected = 1;
  for (const seal of seals) {
    const add = (flaw: string): void => {
      flaws.set(seal.day, [...(flaws.get(seal.day) ?? []), { day: seal.day, file: seal.name, flaw }]);
    };
    if (seal.number !== expected) add(missing(expected, seal.number));
    expected = seal.number + 1;
    let read: ReadManifest | undefined;
    try {
      read = await readManifest(store, seal);
      for (const flaw of linkFlaws(read.manifest, before)) add(flaw);
      for (const flaw of successionFlaws(read.manifest, latest.get(seal.day))) add(flaw);
      latest.set(seal.day, read.manifest);
    } catch (error) {
      if (!(error instanceof DamagedArchiveError)) throw error;
      add(error.message.replace(`${seal.name} `, ''));
    }
    before = read;
  }
  return { latest, flaws };
}

function missing(expected: number, found: number): string {
  return found < expected
    ? `there are two manifests with the number ${found}`
    : `the manifest before it is missing: number ${found - 1}`;
}

/** Whether it names the manifest before it; one that cannot be read has its own flaw. */
function linkFlaws({ number, previous }: Manifest, before: ReadManifest | undefined): string[] {
  if (before === undefined) return number === 1 && previous !== null ? ['it names one before the first'] : [];
  if (previous?.sha256 === before.sha256) return [];
  return [`the manifest before it, number ${before.manifest.number}, is not the one that it was chained to`];
}

/** Whether it says where each event of the manifest before it of the same day has gone. */
function successionFlaws(manifest: Manifest, before: Manifest | undefined): string[] {
  if (before === undefined) return [];
  const fresh = manifest.erasures.slice(before.erasures.length);
  const removed = fresh.reduce((sum, erasure) => sum + erasure.removed, 0);
  const replaced = new Set(fresh.flatMap(erasure => erasure.replaced));
  const kept = new Set(manifest.files.map(({ sha256 }) => sha256));
  const lost = before.files.filter(({ name, sha256 }) => !kept.has(sha256) && !replaced.has(name));
  const flaws = lost.map(({ name }) => `${name} was sealed, and is left out without an erasure`);
  if (manifest.supersedes !== before.number) flaws.push(`it does not follow number ${before.number} of the same day`);
  if (manifest.events !== before.events + manifest.added - removed)
    flaws.push(`${before.events} events, ${manifest.added} more and ${removed} erased are not ${manifest.events}`);
  return flaws;
}

async function verifyDay(store: ArchiveStore, day: string, state: State): Promise<VerifiedDay> {
  const manifest = state.latest.get(day);
  const found: Flaw[] = [...(state.manifestFlaws.get(day) ?? [])];
  const add = (file: string, flaw: string): void => {
    found.push({ day, file, flaw });
  };
  const listed = new Set<string>();
  for (const file of manifest?.files ?? []) {
    listed.add(file.name);
    const bytes = await store.read(file.name);
    if (bytes === undefined) add(file.name, 'it is missing');
    else if (sha256Of(bytes) !== file.sha256) add(file.name, changed(bytes.length, file.bytes));
  }
  const others = (state.files.get(day) ?? []).filter(name => !listed.has(name));
  const parts = others.flatMap(name => readFileName(name) ?? []).filter(({ isPart }) => isPart);
  const replaced = new Set(manifest?.erasures.flatMap(erasure => erasure.replaced));
  for (const name of others) {
    const file = readFileName(name);
    if (file === undefined) add(name, 'it is not a file of the archive');
    else if (replaced.has(name)) add(name, 'it was replaced by an erasure, and is still there');
    else await verifyOther(store, file, parts.length > 0, add);
  }
  return {
    day,
    sealed: manifest !== undefined,
    events: manifest?.events ?? 0,
    files: manifest?.files.length ?? 0,
    waiting: parts.length,
    erased: manifest?.erasures.reduce((sum, { removed, changed }) => sum + removed + changed, 0) ?? 0,
    flaws: found,
  };
}

/** A file that no manifest names: a part that waits, or what a seal had made when it was cut off. */
async function verifyOther(
  store: ArchiveStore,
  file: DayFile,
  waits: boolean,
  add: (file: string, flaw: string) => void,
): Promise<void> {
  const { name, isPart } = file;
  if (!isPart && !waits) return add(name, 'no manifest names it');
  const bytes = await store.read(name);
  // One that is gone by now was sealed meanwhile.
  const state = bytes === undefined ? 'whole' : stateOf(file, bytes);
  if (state === 'changed') add(name, 'its bytes are not those that were written');
  if (state === 'cut off')
    add(
      name,
      `it was cut off while it was written: ${bytes?.length} of ${file.bytes} bytes. The next seal takes it away`,
    );
}

function changed(bytes: number, sealed: number): string {
  const sizes = bytes === sealed ? '' : `: ${bytes} bytes in place of ${sealed}`;
  return `its bytes are not those that were sealed${sizes}`;
}

function nothing(day: string): Omit<VerifiedDay, 'flaws'> {
  return { day, sealed: false, events: 0, files: 0, waiting: 0, erased: 0 };
}
