import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../ports.js';
import { complete, findProgram, nobody, Running } from '../running.js';
import type { Skip } from '../skip.js';
import { temporaryFolder } from '../temporary.js';
import { until } from '../wait.js';

export interface PostgreSQL {
  readonly port: number;
  /** The superuser's. */
  readonly password: string;
  /** By default that of the superuser, with a database that is there. */
  uri(options?: { readonly user?: string; readonly password?: string; readonly database?: string }): string;
  /** As the superuser: the rows of the last statement. */
  query(text: string, database?: string): Promise<Record<string, unknown>[]>;
  /** A new database, empty. */
  makeDatabase(name: string): Promise<void>;
  kill9(): Promise<void>;
  /** With the data that it had. */
  start(): Promise<void>;
  /** For good, with all data. */
  stop(): Promise<void>;
}

const password = 'password-of-the-admin';

/** PostgreSQL of Debian, empty, which asks everybody for a password. Ready in about two seconds. */
export async function startPostgreSQL(settings: readonly string[] = []): Promise<PostgreSQL | Skip> {
  const [initdb, postgres] = ['initdb', 'postgres'].map(program);
  if (!initdb || !postgres) return { skip: 'no postgres found: install postgresql, or run `npm run verify` as root' };
  const folder = temporaryFolder(nobody);
  const data = join(folder.path, 'data');
  const passwordFile = join(folder.path, 'password');
  writeFileSync(passwordFile, password);
  const auth = ['--auth=scram-sha-256', '--username=admin', `--pwfile=${passwordFile}`];
  const options = ['--no-sync', '--locale=C', '--encoding=UTF8'];
  await complete(initdb, ['-D', data, ...auth, ...options], { unprivileged: true, cwd: folder.path });
  const port = await freePort();
  // A process that is killed leaves its writes to the system: fsync is for power cuts.
  const own = ['listen_addresses=127.0.0.1', `unix_socket_directories=${folder.path}`, 'fsync=off', ...settings];
  const args = ['-D', data, '-p', String(port), ...own.flatMap(each => ['-c', each])];
  let running: Running;

  const query = async (text: string, database = 'postgres'): Promise<Record<string, unknown>[]> => {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'admin', password, database });
    client.on('error', () => {});
    await client.connect();
    try {
      const result = await client.query(text);
      return [result].flat().at(-1)?.rows ?? [];
    } finally {
      await client.end();
    }
  };
  /** The children of one that was killed may hold its memory for a moment. */
  const start = async (): Promise<void> => {
    running = new Running(postgres, args, { unprivileged: true, cwd: folder.path });
    await until(
      async () => {
        if (running.exit !== undefined) running = new Running(postgres, args, { unprivileged: true, cwd: folder.path });
        return query('SELECT 1').then(
          () => true,
          () => false,
        );
      },
      'a PostgreSQL that answers',
      60_000,
      100,
    );
  };

  await start();
  return {
    port,
    password,
    uri: ({ user = 'admin', password: of = password, database = 'postgres' } = {}) =>
      `postgresql://${user}:${of}@127.0.0.1:${port}/${database}`,
    query,
    makeDatabase: async name => {
      await query(`CREATE DATABASE ${name}`);
    },
    async kill9() {
      await running.kill9();
    },
    start,
    async stop() {
      await running.stop('SIGINT');
      folder.remove();
    },
  };
}

function program(name: string): string | undefined {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root) : [];
  return findProgram(name, ...versions.map(version => join(root, version, 'bin', name)));
}
