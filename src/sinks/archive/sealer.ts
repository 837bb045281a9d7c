import { dayMs, readDay, startOfDay } from '../../calendar.js';
import type { Clock } from '../../clock.js';
import { describe } from '../../errors.js';
import type { Log } from '../../log.js';
import { repeat } from '../../repeat.js';
import { readFileName, stampOf } from './files.js';
import { DamagedArchiveError, listSeals, readManifest, sealOf } from './manifest.js';
import { type RewriteOptions, rewriteDay } from './rewrite.js';

export interface SealerOptions extends Pick<RewriteOptions, 'store' | 'counted'> {
  readonly clock: Clock;
  readonly log: Log;
  /** How long after its end a day is sealed, ms. */
  readonly sealMs: number;
  /** Ends it. */
  readonly signal: AbortSignal;
}

const roundMs = 600_000;
/** Where events come late, more may come: a day that is over is sealed when none came for so long, ms. */
const quietMs = 3_600_000;

/** Seals days that are over, beside the writing, until it is ended. Never rejects. */
export async function keepSealing(options: SealerOptions): Promise<void> {
  const onError = (error: unknown): void => options.log.warn({ reason: describe(error) }, 'archive.unsealed');
  await repeat(() => sealDue(options), { ...options, everyMs: roundMs, onError });
}

/** A day that cannot be sealed holds up no other. */
async function sealDue(options: SealerOptions): Promise<void> {
  const { store, clock, log, signal, counted } = options;
  for (const day of await dueDays(options)) {
    if (signal.aborted) return;
    try {
      const onCut = (file: string, events: number) => log.warn({ file, events }, 'archive.cut');
      const rewriting = { store, now: () => clock.now(), signal, onCut };
      const manifest = await rewriteDay(day, counted === undefined ? rewriting : { ...rewriting, counted });
      if (manifest === undefined) continue;
      const { number, events, added } = manifest;
      log.info({ day, number, events, added }, 'archive.sealed');
    } catch (error) {
      if (!signal.aborted) log.warn({ day, reason: describe(error) }, 'archive.unsealed');
    }
  }
}

/** Days that are over and have parts, and days on which an erasure was cut off. */
async function dueDays({ store, clock, sealMs, signal }: SealerOptions): Promise<readonly string[]> {
  const now = clock.now();
  const quiet = stampOf(now - Math.min(quietMs, sealMs));
  const seals = await listSeals(store, signal);
  const newest = new Map<string, string>();
  const names = new Map<string, Set<string>>();
  for (const { name } of await store.list('days/', signal)) {
    const file = readFileName(name);
    if (file === undefined) continue;
    names.set(file.day, (names.get(file.day) ?? new Set()).add(name));
    if (file.isPart && file.written > (newest.get(file.day) ?? '')) newest.set(file.day, file.written);
  }
  const due: string[] = [];
  for (const [day, files] of names) {
    const part = newest.get(day);
    const isOver = startOfDay(readDay(day) ?? 0) + dayMs + sealMs <= now;
    if (part !== undefined && isOver && part <= quiet) due.push(day);
    else if (await isLeftOver(day, files)) due.push(day);
  }
  return due;

  async function isLeftOver(day: string, files: ReadonlySet<string>): Promise<boolean> {
    const seal = sealOf(seals, day);
    if (seal?.erased !== true) return false;
    try {
      const { manifest } = await readManifest(store, seal, signal);
      return manifest.erasures.some(({ replaced }) => replaced.some(name => files.has(name)));
    } catch (error) {
      // Whoever tries to seal the day will say so.
      if (error instanceof DamagedArchiveError) return true;
      throw error;
    }
  }
}
