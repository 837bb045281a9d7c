import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { parseExact } from '../events/digits.js';
import { httpAddress } from '../settings/addresses.js';
import { integer } from '../settings/numbers.js';
import { refuse } from '../settings/refuse.js';
import { secret } from '../settings/secrets.js';
import { setting } from '../settings/setting.js';
import { text } from '../settings/words.js';
import { lineOf } from './archive/line.js';
import type { ArchiveConfig } from './archive/open-store.js';
import { defineSink } from './sink.js';

/** What the archive does about people. */
export const archivePeople = {
  erase: async (...of: Parameters<typeof import('./archive/people.js').erasePeople>) =>
    (await import('./archive/people.js')).erasePeople(...of),
  async *export(...of: Parameters<typeof import('./archive/people.js').linesAbout>) {
    yield* (await import('./archive/people.js')).linesAbout(...of);
  },
};

/** Every event for good, as NDJSON.gz a day, sealed by manifests of hashes (docs/archive.md). */
export const archiveSink = defineSink({
  name: 'archive',
  title: 'Archive',
  prefix: 'ARCHIVE',
  settings: {
    place: setting(
      'ARCHIVE_URL',
      archivePlace().optional(),
      'Where every event is kept for good, a folder or a bucket of an S3-compatible store; set = sink on.',
      { example: 'file:///var/lib/event-sink-archive' },
    ),
    endpoint: setting(
      'ARCHIVE_ENDPOINT',
      httpAddress(['https', 'http'], { base: true }).optional(),
      "The S3-compatible server. Default: Amazon's.",
      { example: 'https://minio.example.org' },
    ),
    region: setting('ARCHIVE_REGION', text().default('us-east-1'), 'Region of the bucket.'),
    keyId: setting('ARCHIVE_ACCESS_KEY_ID', secret().optional(), 'Access key for the bucket.', { secret: true }),
    secret: setting('ARCHIVE_SECRET_ACCESS_KEY', secret().optional(), 'Its secret.', { secret: true }),
    sealMs: setting(
      'ARCHIVE_SEAL_HOURS',
      integer(0, 24)
        .default('6')
        .transform(hours => hours * 3_600_000),
      'How long after its end (UTC) a day is sealed, hours. What comes later is taken, and sealed by a further manifest.',
    ),
  },
  switchedOnBy: 'ARCHIVE_URL',
  configure({ place, endpoint, region, keyId, secret: secretKey, sealMs }, problems): ArchiveConfig | undefined {
    if (place === undefined) return undefined;
    if ('folder' in place) return { place: { folder: place.folder }, sealMs };
    if (keyId === undefined) problems.add('ARCHIVE_ACCESS_KEY_ID', 'is missing: s3: needs a key');
    if (secretKey === undefined) problems.add('ARCHIVE_SECRET_ACCESS_KEY', 'is missing: s3: needs a key');
    if (endpoint?.user !== undefined) problems.add('ARCHIVE_ENDPOINT', 'must not name a user');
    const access = { region, keyId: keyId ?? '', secret: secretKey ?? '' };
    return { place: { s3: { ...place, ...access, endpoint: endpoint?.url } }, sealMs };
  },
  takesHistory: true,
  singleConsumer: true,
  // A file for each write: rather some large ones than many small ones.
  batch: { count: 5_000, bytes: 8 * 1024 * 1024, lingerMs: 20_000 },
  writeDeadlineMs: 120_000,
  check: {
    tries: 'look into it',
    setting: () => 'ARCHIVE_URL',
    reach: 'correct ARCHIVE_URL or ARCHIVE_ENDPOINT: the store must be reachable from this machine',
    untried: [{ what: 'write to it', because: 'what is written to an archive stays there' }],
    open: async (config, tools) => (await import('./archive/session.js')).openArchiveCheck(config, tools),
  },
  people: archivePeople,
  renderer: () => event => ({ output: { event: parseExact(lineOf(event)) } }),
  open: async (config, tools) => (await import('./archive/session.js')).openArchive(config, tools),
});

type Place = { readonly folder: string } | { readonly bucket: string; readonly prefix: string };

function archivePlace() {
  return z.string().transform((value, context): Place => {
    const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,62})(?:\/([\w./=-]*))?$/.exec(value) ?? [];
    if (bucket !== undefined) return { bucket, prefix: prefix.split('/').filter(Boolean).join('/') };
    try {
      if (/^file:\/(?:\/\/)?[^/]/.test(value)) return { folder: fileURLToPath(value) };
    } catch {
      // A slash behind a percent sign, say.
    }
    return refuse(context, 'must be file:///an/absolute/folder or s3://bucket/prefix');
  });
}
