import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Skip } from '../helpers/skip.js';
import { until } from '../helpers/wait.js';

/** A real InfluxDB 1.x of its own, with authentication, in a temporary folder. */
export interface InfluxdbServer {
  readonly url: string;
  readonly admin: { readonly user: string; readonly password: string };
  /** InfluxQL as the administrator; the first statement's rows as objects, times in ns as they stand in the answer. */
  query(statement: string, database?: string): Promise<Record<string, unknown>[]>;
  write(database: string, lines: string): Promise<void>;
  kill9(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const binary = ['/usr/bin/influxd', '/usr/local/bin/influxd'].find(path => existsSync(path));
const admin = { user: 'admin', password: 'admin-password' };
const authorization = `Basic ${Buffer.from(`${admin.user}:${admin.password}`).toString('base64')}`;

export async function startInfluxdb(): Promise<InfluxdbServer | Skip> {
  if (binary === undefined) return { skip: 'no influxd found: install the Debian package influxdb' };
  const executable = binary;
  const folder = await mkdtemp(join(tmpdir(), 'influxdb-'));
  const [rpc, http] = await freePorts();
  const url = `http://127.0.0.1:${http}`;
  const config = join(folder, 'influxdb.conf');
  await writeFile(
    config,
    [
      'reporting-disabled = true',
      `bind-address = "127.0.0.1:${rpc}"`,
      `[meta]\ndir = "${folder}/meta"`,
      `[data]\ndir = "${folder}/data"\nwal-dir = "${folder}/wal"\nquery-log-enabled = false\nmax-values-per-tag = 1000`,
      `[http]\nbind-address = "127.0.0.1:${http}"\nauth-enabled = true\nlog-enabled = false`,
      '[monitor]\nstore-enabled = false\n',
    ].join('\n'),
  );
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    child = spawn(executable, ['-config', config], { stdio: 'ignore' });
    const answers = () =>
      fetch(`${url}/ping`).then(
        ({ status }) => status === 204,
        () => false,
      );
    await until(answers, 'an InfluxDB that answers', 20_000);
  };
  const kill9 = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (running === undefined) return;
    const ended = new Promise(resolve => running.once('exit', resolve));
    running.kill('SIGKILL');
    await ended;
  };
  await start();
  await fetch(
    `${url}/query?q=${encodeURIComponent(`CREATE USER admin WITH PASSWORD '${admin.password}' WITH ALL PRIVILEGES`)}`,
    {
      method: 'POST',
    },
  );
  return {
    url,
    admin,
    async query(statement, database = '') {
      const response = await fetch(`${url}/query?epoch=ns&db=${database}&q=${encodeURIComponent(statement)}`, {
        method: 'POST',
        headers: { authorization },
      });
      const text = (await response.text()).replace(/\[(\d{16,19}),/g, '["$1",');
      const { results, error } = JSON.parse(text) as { results?: Result[]; error?: string };
      const problem = error ?? results?.[0]?.error;
      if (problem !== undefined) throw new Error(problem);
      return (results?.[0]?.series ?? []).flatMap(({ columns, values, tags }) =>
        values.map(row => ({ ...tags, ...Object.fromEntries(columns.map((name, n) => [name, row[n]])) })),
      );
    },
    async write(database, lines) {
      const response = await fetch(`${url}/write?db=${database}`, {
        method: 'POST',
        headers: { authorization },
        body: lines,
      });
      if (response.status !== 204) throw new Error(await response.text());
    },
    kill9,
    start,
    async stop() {
      await kill9();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface Result {
  readonly error?: string;
  readonly series?: { columns: string[]; values: unknown[][]; tags?: Record<string, string> }[];
}

async function freePorts(): Promise<[number, number]> {
  const servers = await Promise.all(
    [0, 1].map(
      () =>
        new Promise<ReturnType<typeof createTcpServer>>(resolve => {
          const server = createTcpServer();
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map(server => (server.address() as AddressInfo).port);
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))));
  return [ports[0]!, ports[1]!];
}

/** Version 2's address, credentials (`user:password` as the token) and words before a 1.x engine. */
export async function startV2Proxy(target: string): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://proxy');
    const token = /^Token (.+)$/.exec(incoming.headers.authorization ?? '')?.[1];
    if (pathname !== '/api/v2/write' || token === undefined) {
      response
        .writeHead(pathname === '/api/v2/write' ? 401 : 404)
        .end('{"code":"unauthorized","message":"unauthorized access"}');
      return;
    }
    const query = new URLSearchParams({
      db: searchParams.get('bucket') ?? '',
      precision: searchParams.get('precision') ?? '',
    });
    const answer = await fetch(`${target}/write?${query}`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(token).toString('base64')}` },
      body: incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw,
    }).catch(() => undefined);
    if (answer === undefined) {
      incoming.socket.destroy();
      return;
    }
    const text = await answer.text();
    const { error = '' } = (text === '' ? {} : JSON.parse(text)) as { error?: string };
    const partial = answer.status === 400 && error.startsWith('partial write');
    const status = partial && !error.includes('unable to parse') ? 422 : answer.status;
    const message = partial ? `failure writing points to database: ${error}` : error;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(status === 204 ? undefined : JSON.stringify({ code: 'invalid', message }));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
}
