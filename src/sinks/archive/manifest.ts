import { z } from 'zod';
import { readFileName, sha256Of } from './files.js';
import type { ArchiveStore } from './store.js';

/*
 * A manifest says what the files of one day are. Manifests are numbered in the order in which they were made, whatever
 * their days, and each holds the hash of the one before it: none can be changed, taken out or put in without breaking
 * the chain. A day whose events came late, or that a person was erased from, has a further manifest; the last one
 * holds.
 */

const counts = z.object({
  accepted: z.number(),
  delivered: z.number(),
  duplicates: z.number(),
  filtered: z.number(),
  too_old: z.number(),
  erased: z.number(),
  dead: z.number(),
});

/** Nothing else is ever read or removed because a manifest says so. */
const fileName = z.string().refine(name => readFileName(name) !== undefined);

const file = z.object({ name: fileName, bytes: z.number(), sha256: z.string(), events: z.number() });

const erasure = z.object({
  at: z.string(),
  removed: z.number(),
  changed: z.number(),
  replaced: z.array(z.string()),
});

const schema = z.object({
  format: z.literal('event-sink-archive/1'),
  number: z.number().int().positive(),
  day: z.string(),
  sealed_at: z.string(),
  /** Which the files hold, each once. */
  events: z.number(),
  /** How many of them the manifest before it of this day does not know. */
  added: z.number(),
  files: z.array(file),
  /** What the daemon counted for this sink on that day, by when it happened; null = not known any more. */
  ledger: counts.nullable(),
  /** When people were erased: how many events went, how many lost fields, and the files that were replaced. */
  erasures: z.array(erasure),
  /** The number of the manifest before it of this day. */
  supersedes: z.number().nullable(),
  /** The manifest before it of any day. */
  previous: z.object({ number: z.number(), sha256: z.string() }).nullable(),
});

export type Manifest = z.output<typeof schema>;
export type ManifestFile = z.output<typeof file>;
export type LedgerCounts = z.output<typeof counts>;

/** Something is not as it was written: nobody seals over it. `event-sink archive verify` names it, too. */
export class DamagedArchiveError extends Error {
  override name = 'DamagedArchiveError';
}

/** A manifest, by its name alone. */
export interface Seal {
  readonly name: string;
  readonly number: number;
  readonly day: string;
  /** Somebody was erased from that day. */
  readonly erased: boolean;
}

export interface ReadManifest {
  readonly manifest: Manifest;
  /** SHA-256 of its bytes. */
  readonly sha256: string;
}

const folder = 'manifests/';
const pattern = /^manifests\/(\d{6,})-(\d{4}-\d{2}-\d{2})(-erased)?\.json$/;

/** In the order in which they were made. */
export async function listSeals(store: ArchiveStore, signal?: AbortSignal): Promise<readonly Seal[]> {
  const seals = (await store.list(folder, signal)).flatMap(({ name }) => readSeal(name) ?? []);
  return seals.sort((a, b) => a.number - b.number);
}

function readSeal(name: string): Seal | undefined {
  const [, number, day, erased] = pattern.exec(name) ?? [];
  if (number === undefined || day === undefined) return undefined;
  return { name, number: Number(number), day, erased: erased !== undefined };
}

/** The one that holds for a day; undefined = it is not sealed. */
export function sealOf(seals: readonly Seal[], day: string): Seal | undefined {
  return seals.findLast(seal => seal.day === day);
}

/** @throws DamagedArchiveError that says what is wrong with it; and as the store does */
export async function readManifest(store: ArchiveStore, seal: Seal, signal?: AbortSignal): Promise<ReadManifest> {
  const bytes = await store.read(seal.name, signal);
  if (bytes === undefined) throw new DamagedArchiveError(`${seal.name} is missing`);
  let manifest: Manifest;
  try {
    manifest = schema.parse(JSON.parse(bytes.toString('utf8')));
  } catch {
    throw new DamagedArchiveError(`${seal.name} is not a manifest`);
  }
  if (manifest.number !== seal.number || manifest.day !== seal.day)
    throw new DamagedArchiveError(`${seal.name} is the manifest of ${manifest.day} with the number ${manifest.number}`);
  return { manifest, sha256: sha256Of(bytes) };
}

/**
 * False: another one has its number by now, of this day or of another one. Whoever sees that steps back, so that of two
 * at the same moment at most one stays.
 */
export async function createManifest(store: ArchiveStore, manifest: Manifest, signal?: AbortSignal): Promise<boolean> {
  const numbered = `${folder}${String(manifest.number).padStart(6, '0')}-`;
  const name = `${numbered}${manifest.day}${manifest.erasures.length > 0 ? '-erased' : ''}.json`;
  const bytes = Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`);
  if ((await store.list(numbered, signal)).length > 0 || !(await store.create(name, bytes, signal))) return false;
  if ((await store.list(numbered, signal)).length === 1) return true;
  await store.remove(name, signal);
  return false;
}
