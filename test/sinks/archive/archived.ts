import { systemClock } from '../../../src/clock.js';
import type { Message } from '../../../src/events/message.js';
import { linesIn, packFile, readFileName, stateOf } from '../../../src/sinks/archive/files.js';
import type { ArchiveConfig } from '../../../src/sinks/archive/open-store.js';
import { openStore } from '../../../src/sinks/archive/open-store.js';
import type { ArchiveStore } from '../../../src/sinks/archive/store.js';
import { straight } from '../../helpers/outgoing.js';
import type { S3Server } from '../../helpers/servers/s3.js';
import { s3Keys } from '../../helpers/servers/s3.js';

export const noon = Date.UTC(2026, 2, 15, 12);

export function archived(id: string): Message {
  const body = JSON.stringify({ created: noon, category: 'download', type: 'file', size: 10 });
  return { id, body, source: 'http', received: noon };
}

export function poison(id: string): Message {
  return { ...archived(id), body: 'not an event' };
}

export function storeOf(place: ArchiveConfig['place']): ArchiveStore {
  return openStore({ place }, { outgoing: straight, clock: systemClock });
}

/** Every line of an archive, those of all its files that are whole. */
export async function linesOf(config: Pick<ArchiveConfig, 'place'>): Promise<string[]> {
  const store = storeOf(config.place);
  const lines: string[] = [];
  for (const { name } of await store.list('days/')) {
    const file = readFileName(name);
    const bytes = file === undefined ? undefined : await store.read(name);
    if (file !== undefined && bytes !== undefined && stateOf(file, bytes) === 'whole')
      for await (const some of linesIn(bytes)) lines.push(...some);
  }
  return lines;
}

export async function idsOf(config: Pick<ArchiveConfig, 'place'>): Promise<string[]> {
  return (await linesOf(config)).map(line => JSON.parse(line).id);
}

/** A part of the bucket of its own. */
export function inBucket(server: S3Server, prefix: string) {
  const { bucket, endpoint } = server;
  return { s3: { ...s3Keys, bucket, endpoint, prefix, region: 'us-east-1' } };
}

/** A part of a folder's archive, as a write makes it. Resolves with its name. */
export async function archiveLines(folder: string, day: string, lines: readonly string[]): Promise<string> {
  const { name, bytes } = await packFile(day, lines, Date.now(), true);
  await storeOf({ folder }).put(name, bytes);
  return name;
}
