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

/**
 * Every line of an archive, those of all its files that are whole, read beside the sealer: a part that went meanwhile
 * has its lines in a file that was not listed, and one that is still there after it was sealed has them twice, of which
 * the sealed ones count.
 */
export async function linesOf(config: Pick<ArchiveConfig, 'place'>): Promise<string[]> {
  const store = storeOf(config.place);
  for (;;) {
    const sealed: string[] = [];
    const parts: string[] = [];
    let missed = false;
    for (const { name } of await store.list('days/')) {
      const file = readFileName(name);
      const bytes = file === undefined ? undefined : await store.read(name);
      missed ||= file !== undefined && bytes === undefined;
      if (file !== undefined && bytes !== undefined && stateOf(file, bytes) === 'whole')
        for await (const some of linesIn(bytes)) (file.isPart ? parts : sealed).push(...some);
    }
    if (missed) continue;
    const known = new Set(sealed.map(idIn));
    return [...sealed, ...parts.filter(line => !known.has(idIn(line)))];
  }
}

const idIn = (line: string): string => (JSON.parse(line) as { id: string }).id;

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
