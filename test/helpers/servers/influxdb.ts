import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../ports.js';
import { findProgram, nobody, Running } from '../running.js';
import type { Skip } from '../skip.js';
import { temporaryFolder } from '../temporary.js';
import { until } from '../wait.js';

export interface InfluxDBOptions {
  /** Authentication is on, and this is the administrator. */
  readonly admin?: { readonly user: string; readonly password: string };
  /** Further lines of its `[data]` section. */
  readonly data?: readonly string[];
  /** Further lines of influxdb.conf, with their `[section]`. */
  readonly config?: readonly string[];
}

/** Tags and fields by name; `time` is RFC 3339 with nanoseconds, because a number could not hold them. */
export type Row = Readonly<Record<string, unknown>>;

export interface InfluxDB {
  readonly url: string;
  readonly port: number;
  /** InfluxQL: the rows of all its series. @throws Error with the server's words */
  query(text: string, database?: string): Promise<Row[]>;
  kill9(): Promise<void>;
  shutDown(): Promise<void>;
  /** With the data that it had. */
  start(): Promise<void>;
  restart(): Promise<void>;
  /** For good, with all data. */
  stop(): Promise<void>;
}

interface Answer {
  readonly error?: string;
  readonly results?: readonly {
    readonly error?: string;
    readonly series?: readonly {
      readonly tags?: Readonly<Record<string, string>>;
      readonly columns: readonly string[];
      readonly values?: readonly (readonly unknown[])[];
    }[];
  }[];
}

/** InfluxDB 1.x, empty: `/write` and InfluxQL. Ready in about a second. */
export async function startInfluxDB(options: InfluxDBOptions = {}): Promise<InfluxDB | Skip> {
  const program = findProgram('influxd', '/usr/bin/influxd');
  if (!program) return { skip: 'no influxd found: install influxdb 1.x, or run `npm run verify` as root' };
  const folder = temporaryFolder(nobody);
  const [port = 0, rpcPort = 0] = await freePorts(2);
  const url = `http://127.0.0.1:${port}`;
  const file = join(folder.path, 'influxdb.conf');
  writeFileSync(file, configuration(folder.path, port, rpcPort, options));
  const credentials =
    options.admin && Buffer.from(`${options.admin.user}:${options.admin.password}`).toString('base64');
  const headers: Record<string, string> = credentials ? { authorization: `Basic ${credentials}` } : {};
  let running: Running;

  const query = async (text: string, database?: string): Promise<Row[]> => {
    const body = new URLSearchParams({ q: text, ...(database === undefined ? {} : { db: database }) });
    const response = await fetch(`${url}/query`, { method: 'POST', body, headers });
    return rowsOf((await response.json()) as Answer);
  };
  const start = async (): Promise<void> => {
    running = new Running(program, ['-config', file], { unprivileged: true, env: { HOME: folder.path } });
    await until(
      async () => running.exit ?? (await fetch(`${url}/ping`)).status === 204,
      'an InfluxDB that answers',
      60_000,
      50,
    );
    if (running.exit) throw new Error(`InfluxDB ended with ${running.exit.code}: ${running.output}`);
  };
  const shutDown = async (): Promise<void> => {
    await running.stop();
  };
  const kill9 = async (): Promise<void> => {
    await running.kill9();
  };

  await start();
  if (options.admin) {
    await query(`CREATE USER "${options.admin.user}" WITH PASSWORD '${options.admin.password}' WITH ALL PRIVILEGES`);
  }
  return {
    url,
    port,
    query,
    start,
    shutDown,
    kill9,
    restart: async () => {
      await shutDown();
      await start();
    },
    stop: async () => {
      await kill9();
      folder.remove();
    },
  };
}

function rowsOf(answer: Answer): Row[] {
  const failure = answer.error ?? answer.results?.find(result => result.error)?.error;
  if (failure) throw new Error(failure);
  return (answer.results ?? []).flatMap(result =>
    (result.series ?? []).flatMap(({ tags, columns, values }) =>
      (values ?? []).map(row => ({ ...tags, ...Object.fromEntries(columns.map((column, at) => [column, row[at]])) })),
    ),
  );
}

function configuration(folder: string, port: number, rpcPort: number, options: InfluxDBOptions): string {
  return `reporting-disabled = true
bind-address = "127.0.0.1:${rpcPort}"
[meta]
  dir = "${folder}/meta"
[data]
  dir = "${folder}/data"
  wal-dir = "${folder}/wal"
  index-version = "inmem"
  query-log-enabled = false
${(options.data ?? []).map(line => `  ${line}`).join('\n')}
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:${port}"
  auth-enabled = ${options.admin !== undefined}
  log-enabled = false
${(options.config ?? []).join('\n')}
`;
}
