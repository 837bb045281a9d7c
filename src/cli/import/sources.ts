import { existsSync } from 'node:fs';
import { readFile } from '../../config/environment.js';
import { loadConfig } from '../../config/load.js';
import { usageSinkOf } from '../../config/usage.js';
import { SetupError } from '../../errors.js';
import { Countries } from '../../geoip/countries.js';
import type { PastSource } from '../../import/item.js';
import { MongoSource } from '../../import/mongodb.js';
import { NdjsonSource } from '../../import/ndjson.js';
import { LogImport } from '../../import/nginx.js';
import { nothingRead, readLogs } from '../../import/read-logs.js';
import { ImportSalts } from '../../import/salts.js';
import { idSecretPath, openIdSecret } from '../../keys/id-secret.js';
import { silentLog } from '../../log.js';
import { problemReport } from '../../settings/problems.js';
import { readMongoAddress } from '../../sinks/mongodb/address.js';
import { openDocuments } from '../../sinks/mongodb/documents.js';
import type { ImportNotes } from '../../storage/usage-gaps.js';
import { type Invocation, text, UsageError } from '../command.js';
import { fileSize } from '../events.js';
import { lineId, Occurrences } from '../occurrences.js';

/** What a command line says is to be imported. */
export interface Opened {
  readonly source: PastSource;
  /** What the daemon is asked to take the events for. */
  readonly kind: 'nginx' | undefined;
  /** Where they go when the command line does not say; undefined = the daemon knows. */
  readonly sinks: readonly string[] | undefined;
  /** For a person, before it begins. */
  readonly note?: string | undefined;
  /** Counted as `read`; undefined = the events. */
  readonly lines?: () => number;
  /** Whether a visitor of that time (epoch ms) has a pseudonym of this pass alone. */
  readonly isFresh?: (time: number) => boolean;
  /** What was read, and what could not be, once it is over. */
  readonly notes?: () => ImportNotes;
  /** @param whole everything was sent */
  close(whole: boolean): Promise<void>;
}

export type Open = (invocation: Invocation, operands: readonly string[]) => Promise<Opened>;

const usageAlone =
  'NGINX_TRAFFIC_EVENTS is off, so these lines become events for usage alone. --events views,downloads makes them for the other sinks too.';

/** By the word behind `import`. */
export const openers: Readonly<Record<string, Open>> = { nginx: openNginx, mongodb: openMongodb, ndjson: openNdjson };

async function openNginx(invocation: Invocation, files: readonly string[]): Promise<Opened> {
  const { values, env, clock } = invocation;
  if (files.length === 0) throw new UsageError('import nginx needs the log files');
  requireFiles(files);
  const format = text(values, 'format');
  const events = text(values, 'events');
  const loaded = loadConfig({
    env: {
      ...env,
      ...(format === undefined ? {} : { NGINX_LOG_FORMAT: format }),
      ...(events === undefined ? {} : { NGINX_TRAFFIC_EVENTS: events }),
    },
    readFile,
  });
  if ('problems' in loaded) throw new UsageError(problemReport(loaded.problems));
  const { config } = loaded;
  const { dataDir, idSecret } = config.server;
  if (config.nginx.trafficEvents.length === 0 && usageSinkOf(config.sinks, 'nginx') === undefined)
    throw new UsageError(
      'nobody takes events of log lines here: say which with --events, such as --events views,downloads',
    );
  if (idSecret === undefined && !existsSync(idSecretPath(dataDir)))
    throw new SetupError(
      `there is no id-secret in ${dataDir}: run the import where the daemon runs, with its settings`,
    );
  const salts = await ImportSalts.open(dataDir, clock);
  const countries = new Countries({ source: config.geoip, clock, log: silentLog });
  const read = await readLogs(dataDir);
  const source = new LogImport({
    files,
    read: values.overlap === true ? nothingRead : read,
    countedSince: read.since,
    config: config.nginx,
    usageSink: usageSinkOf(config.sinks, 'nginx'),
    clowderUrl: config.clowder?.url,
    idSecret: openIdSecret(dataDir, idSecret),
    visitors: salts.visitors,
    countryOf: countries.of,
    clock,
  });
  return {
    source,
    kind: 'nginx',
    note: config.nginx.trafficEvents.length > 0 ? undefined : usageAlone,
    sinks: config.sinks.flatMap(({ definition }) => (definition.takesHistory ? [definition.name] : [])),
    lines: () => source.lines,
    isFresh: time => salts.isFresh(time),
    notes: () => source.notes,
    close: async whole => {
      if (whole) salts.forget();
    },
  };
}

async function openMongodb({ values }: Invocation, [given, ...more]: readonly string[]): Promise<Opened> {
  if (given === undefined || more.length > 0) throw new UsageError('import mongodb needs one connection string');
  // A command line can be read by everybody on the machine, a file only by those who may.
  const address = readMongoAddress(given.includes('://') ? given : readSecret(given));
  if ('flaw' in address) throw new UsageError(`the connection string ${address.flaw}`);
  const documents = await openDocuments(address, {
    database: text(values, 'database') ?? address.database ?? 'eventsink',
    collection: text(values, 'collection') ?? 'events',
  });
  return { source: new MongoSource(documents), kind: undefined, sinks: undefined, close: () => documents.close() };
}

/** @throws Error that says why it cannot be read */
function readSecret(path: string): string {
  fileSize(path);
  return readFile(path).trim();
}

async function openNdjson(_invocation: Invocation, files: readonly string[]): Promise<Opened> {
  if (files.length === 0) throw new UsageError('import ndjson needs files of events, one a line');
  requireFiles(files);
  const occurrences = new Occurrences();
  const source = new NdjsonSource({ files, idOf: line => lineId(line, occurrences) });
  return { source, kind: undefined, sinks: undefined, close: async () => {} };
}

/** @throws Error that says which file cannot be read */
export function requireFiles(files: readonly string[]): void {
  for (const file of files) fileSize(file);
}
