import { existsSync } from 'node:fs';
import type { UsageRecomputed, UsageRecounted } from '../../openapi/api-types.js';
import { firstDayOf, monthAfter, readMonth, startOfDay } from '../calendar.js';
import { isArchiveName } from '../config/archive.js';
import { ArchiveSource } from '../import/archive.js';
import { isBad, type PastSource } from '../import/item.js';
import { NdjsonSource } from '../import/ndjson.js';
import { archiveStore } from './archive-store.js';
import { type Client, clientFor } from './client.js';
import type { Invocation } from './command.js';
import { PastBatch } from './import/past-batch.js';
import { requireFiles } from './import/sources.js';
import { finishMonth, sumsOf } from './month.js';
import { lineId, Occurrences } from './occurrences.js';
import { Progress } from './progress.js';

/** A month from a recording of its events, instead of from the local store. */
export interface Recount {
  /** `2026-03` */
  readonly month: string;
  /** Events, one a line; or the name of an archive. */
  readonly file: string;
  /** Figures may fall. */
  readonly lower: boolean;
}

/**
 * Looks first whether everything that was counted is there, then counts it. A closed month gets its new counts at the
 * end, and only when no figure falls.
 * @throws Error that says what is missing; then nothing was changed
 */
export async function recomputeFrom(recount: Recount, invocation: Invocation): Promise<UsageRecomputed> {
  const { month, file, lower } = recount;
  if (!isArchive(file)) requireFiles([file]);
  const client = clientFor(invocation);
  const seen = await pass(recount, false, client, invocation);
  if (seen.accesses === 0) throw new Error(`there is no view or download of ${month} in ${file}`);
  if (!seen.closed && seen.known < seen.kept)
    throw new Error(
      `${seen.kept - seen.known} of the ${seen.kept} accesses of ${month} are not in ${file}: nothing was changed`,
    );
  const before = await sumsOf(client, month);
  const { accesses, closed } = await pass(recount, true, client, invocation);
  // It may have closed since the first pass.
  if (seen.closed || closed) return finishMonth(client, month, lower);
  return { month, accesses, before, after: await sumsOf(client, month) };
}

type Seen = Omit<UsageRecounted, 'month' | 'refused'>;

async function pass({ month, file }: Recount, keep: boolean, client: Client, invocation: Invocation): Promise<Seen> {
  const { terminal, clock } = invocation;
  const source = await sourceOf(month, file, invocation);
  const progress = new Progress(terminal, clock, source.total);
  const ids = new Set<string>();
  let sum: Seen = { accesses: 0, known: 0, kept: 0, closed: false };
  let events = 0;
  const path = `/v1/usage/months/${month}/accesses${keep ? '?keep=true' : ''}`;
  const batch = new PastBatch<UsageRecounted>(client, path, ({ accesses, known, kept, closed }) => {
    sum = { accesses: sum.accesses + accesses, known: sum.known + known, kept, closed };
  });
  try {
    for await (const items of source.items()) {
      for (const item of items) {
        // What stands there twice is there once.
        if (isBad(item) || !isOfMonth(item.created, month) || ids.has(item.id)) continue;
        ids.add(item.id);
        events += 1;
        await batch.add(item);
      }
      progress.update(source.done, events);
    }
    await batch.flush();
  } finally {
    progress.end();
  }
  return sum;
}

async function sourceOf(month: string, file: string, invocation: Invocation): Promise<PastSource> {
  if (isArchive(file)) {
    const number = readMonth(month) ?? 0;
    const range = { since: startOfDay(firstDayOf(number)), until: startOfDay(firstDayOf(monthAfter(number))) };
    return ArchiveSource.open({ store: archiveStore(invocation, file), range, asStored: true });
  }
  const occurrences = new Occurrences();
  return new NdjsonSource({ files: [file], idOf: line => lineId(line, occurrences), asStored: true });
}

/** A file may have such a name, too. */
function isArchive(file: string): boolean {
  return isArchiveName(file) && !existsSync(file);
}

function isOfMonth(created: number | undefined, month: string): boolean {
  return created !== undefined && new Date(created).toISOString().startsWith(month);
}
