import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../test/helpers/ports.js';
import { startRabbitMQ } from '../test/helpers/servers/rabbitmq.js';
import { until } from '../test/helpers/wait.js';
import { benchDaemon, end } from './measure/daemon.js';
import { findPeer } from './measure/peer.js';
import { Program } from './measure/program.js';
import { figure, quick, type Row, report } from './measure/report.js';
import { cpuMs, median } from './measure/usage.js';
import { type LoadResult, load, requireWrk, type Traffic } from './measure/wrk.js';

/**
 * HTTP ingestion, each event new and accepted durably, beside floors that do the same durable work with the same
 * libraries and nothing else (no key, no check, no id), and beside an echo that keeps nothing; by turns, all in one
 * run. Embedded with and without the local store; on RabbitMQ without, and beside Bento (bench/peers) where it is
 * installed.
 */
requireWrk();
const rounds = quick ? 9 : 15;
/** Each turn, s: in seconds that are so close to each other, a shared machine is about the same for all of them. */
const seconds = 1;
const warmUpSeconds = 3;

interface Measured extends LoadResult {
  /** Time of the server, all its threads, µs a request. */
  readonly cpu: number;
}

interface Server {
  readonly pid: number;
  readonly url: string;
  readonly key?: string;
  end(): Promise<unknown>;
}

interface Kind {
  readonly name: string;
  start(): Promise<Server>;
}

interface Load {
  readonly connections: number;
  readonly traffic: Traffic;
}

async function measure({ pid, url, key }: Server, options: Load): Promise<Measured> {
  const before = cpuMs(pid);
  const result = await load({ url, key, ...options, seconds });
  return { ...result, cpu: ((cpuMs(pid) - before) * 1000) / result.requests };
}

function floor(name: string, file: string, env: Readonly<Record<string, string>> = {}): Kind {
  return {
    name,
    start: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'event-sink-floor-'));
      const script = fileURLToPath(new URL(`floor/${file}.js`, import.meta.url));
      const program = new Program(process.execPath, [script], { FILE: join(folder, 'floor.db'), ...env });
      const stop = async (): Promise<void> => {
        await program.end();
        rmSync(folder, { recursive: true, force: true });
      };
      return { pid: program.pid, url: `http://127.0.0.1:${await program.ready()}/`, end: stop };
    },
  };
}

function daemon(name: string, env: Readonly<Record<string, string>> = {}): Kind {
  return {
    name,
    start: async () => {
      const started = await benchDaemon(env).start();
      return { pid: started.pid, url: `${started.url}/v1/events`, key: started.key, end: () => end(started) };
    },
  };
}

/** It sends to the floor's queue, which is there by then. */
function bento(env: Readonly<Record<string, string>>): Kind[] {
  const begin = findPeer('bento', 'bento-http.yaml');
  if (begin === undefined) return [];
  const start = async (): Promise<Server> => {
    const port = String(await freePort());
    const program = begin({ ...env, PORT: port });
    const url = `http://127.0.0.1:${port}/v1/events`;
    const answers = (): Promise<boolean> =>
      fetch(url).then(
        () => true,
        () => false,
      );
    await until(answers, 'an answer of Bento', 30_000);
    return { pid: program.pid, url, end: () => program.end() };
  };
  return [{ name: 'bento', start }];
}

/** All of them are there from the first turn to the last; whoever has no turn waits. */
async function byTurns(kinds: readonly Kind[], options: Load): Promise<Measured[][]> {
  const servers: Server[] = [];
  try {
    for (const kind of kinds) servers.push(await kind.start());
    for (const { url, key } of servers) await load({ url, key, ...options, seconds: warmUpSeconds });
    const runs: Measured[][] = kinds.map(() => []);
    for (let round = 0; round < rounds; round += 1)
      for (const [index, server] of servers.entries()) runs[index]!.push(await measure(server, options));
    return runs;
  } finally {
    for (const server of servers) await server.end();
  }
}

const middle = (runs: readonly Measured[], property: 'rate' | 'cpu' | 'p50' | 'p99'): number =>
  median(runs.map(run => run[property]));

function describe(kind: Kind, runs: readonly Measured[], events: number): string {
  const [rate, cpu, p50, p99] = (['rate', 'cpu', 'p50', 'p99'] as const).map(property => middle(runs, property));
  const lists = events === 1 ? '' : `, ${figure(rate! * events)} events/s, ${figure(cpu! / events)} µs an event`;
  return `${kind.name}: ${figure(rate!)} requests/s, CPU ${figure(cpu!)} µs a request${lists}; p50 ${figure(p50!)} ms, p99 ${figure(p99!)} ms`;
}

/** The share in each turn by itself, and the median of these. */
const share = (ours: readonly Measured[], floors: readonly Measured[]): number =>
  median(ours.map(({ rate }, turn) => (100 * rate) / floors[turn]!.rate));

const embedded = [
  daemon('event-sink'),
  daemon('event-sink without its local store', { LOCAL_STORE: 'off' }),
  floor('floor, Koa and SQLite', 'koa-sqlite'),
  floor('bare Koa echo, nothing kept', 'koa-echo'),
];
const single = { connections: 32, traffic: 'single' } as const;
const list = { connections: 4, traffic: 'list' } as const;
const one = await byTurns(embedded, single);
const many = await byTurns(embedded.slice(0, 3), list);
const rows: Row[] = [
  {
    what: 'HTTP, one event a request, 32 connections: requests/s beside Koa and SQLite',
    reached: share(one[0]!, one[2]!),
    target: 65,
    good: 'at least',
    unit: ' %',
    details: embedded.map((kind, index) => describe(kind, one[index]!, 1)),
  },
  {
    what: 'HTTP, one event a request, 32 connections: 99 % are answered within',
    reached: middle(one[0]!, 'p99'),
    target: 6,
    good: 'at most',
    unit: ' ms',
    details: [],
  },
  {
    what: 'HTTP, 500 events a request, 4 connections',
    reached: middle(many[0]!, 'rate') * 500,
    target: 105_000,
    good: 'at least',
    unit: ' events/s',
    details: embedded.slice(0, 3).map((kind, index) => describe(kind, many[index]!, 500)),
  },
];

const server = await startRabbitMQ();
if ('skip' in server) console.log(`HTTP → RabbitMQ is left out: ${server.skip}`);
else {
  const { uri } = server;
  // A sink makes a queue; nobody listens where its server should be.
  const influxdb = { INFLUXDB_HOST: '127.0.0.1', INFLUXDB_PORT: String(await freePort()) };
  const kinds = [
    daemon('event-sink', { RABBITMQ_URI: uri, LOCAL_STORE: 'off', LOG_LEVEL: 'error', ...influxdb }),
    floor('floor, Koa and amqplib', 'koa-amqp', { URI: uri, QUEUE: 'floor' }),
    ...bento({ URI: uri, QUEUE: 'floor' }),
  ];
  const runs = await byTurns(kinds, { connections: 64, traffic: 'single' });
  rows.push({
    what: 'HTTP → RabbitMQ, confirmed, one event a request, 64 connections: requests/s beside Koa and amqplib',
    reached: share(runs[0]!, runs[1]!),
    target: 85,
    good: 'at least',
    unit: ' %',
    details: kinds.map((kind, index) => describe(kind, runs[index]!, 1)),
  });
  if (kinds.length > 2)
    rows.push({
      what: 'HTTP → RabbitMQ, confirmed, one event a request, 64 connections: requests/s beside Bento',
      reached: share(runs[0]!, runs[2]!),
      target: 100,
      good: 'at least',
      unit: ' %',
      details: [],
    });
  await server.stop();
}
report(rows, {
  'one a request: CPU µs': middle(one[0]!, 'cpu'),
  'one a request: events/s': middle(one[0]!, 'rate'),
  '500 a request: CPU µs': middle(many[0]!, 'cpu') / 500,
  '500 a request: events/s': middle(many[0]!, 'rate') * 500,
});
