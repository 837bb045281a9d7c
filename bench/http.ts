import { fileURLToPath } from 'node:url';
import { benchDaemon, end } from './measure/daemon.js';
import { sampleBody, sampleList } from './measure/events.js';
import { type LoadResult, load } from './measure/load.js';
import { Program } from './measure/program.js';
import { figure, quick, type Row, report } from './measure/report.js';
import { cpuMs, median } from './measure/usage.js';

/**
 * HTTP ingestion, accepted durably (embedded broker, fsync; the local store takes every event beside it), and a bare Koa JSON echo
 * in the same run, by turns: one event a request at 32 connections, and 500 events a request at 4. Each event is new. A third turn, without the
 * local store, shows what the HTTP API and the queue take of it.
 */
const rounds = quick ? 1 : 3;
const seconds = quick ? 3 : 6;

interface Traffic {
  readonly connections: number;
  readonly body: (number: number) => string;
  readonly eventsInRequest: number;
}

interface Measured extends LoadResult {
  /** Time of the server, all its threads, µs a request. */
  readonly cpu: number;
  readonly rate: number;
}

const single: Traffic = { connections: 32, body: sampleBody, eventsInRequest: 1 };
const many: Traffic = {
  connections: 4,
  body: number => sampleList(10_000_000 + number * 500, 500),
  eventsInRequest: 500,
};

async function measure(
  server: { readonly pid: number; readonly port: number; readonly path: string; readonly key?: string },
  { connections, body }: Traffic,
): Promise<Measured> {
  const headers: Record<string, string> = server.key === undefined ? {} : { 'X-API-Key': server.key };
  const options = { port: server.port, path: server.path, headers, connections };
  await load({ ...options, seconds: 2, body: number => body(number + 5_000_000) });
  const before = cpuMs(server.pid);
  const result = await load({ ...options, seconds, body });
  const cpu = ((cpuMs(server.pid) - before) * 1000) / result.requests;
  const failed = Object.keys(result.statuses).filter(status => status !== '202');
  if (failed.length > 0) throw new Error(`answers other than 202: ${JSON.stringify(result.statuses)}`);
  return { ...result, cpu, rate: result.requests / result.seconds };
}

async function floor(traffic: Traffic): Promise<Measured> {
  const echo = new Program(process.execPath, [fileURLToPath(new URL('floor/koa-echo.js', import.meta.url))]);
  try {
    return await measure({ pid: echo.pid, port: Number(await echo.ready()), path: '/' }, traffic);
  } finally {
    await echo.end();
  }
}

async function ours(traffic: Traffic, env: Readonly<Record<string, string>> = {}): Promise<Measured> {
  const daemon = await benchDaemon(env).start();
  try {
    return await measure({ pid: daemon.pid, port: daemon.port, path: '/v1/events', key: daemon.key }, traffic);
  } finally {
    await end(daemon);
  }
}

interface Turns {
  readonly bare: Measured[];
  readonly daemon: Measured[];
  readonly queueOnly: Measured[];
}

async function byTurns(traffic: Traffic): Promise<Turns> {
  const turns: Turns = { bare: [], daemon: [], queueOnly: [] };
  for (let round = 0; round < rounds; round += 1) {
    turns.bare.push(await floor(traffic));
    turns.daemon.push(await ours(traffic));
    turns.queueOnly.push(await ours(traffic, { LOCAL_STORE: 'off' }));
  }
  return turns;
}

const detailsOf = ({ bare, daemon, queueOnly }: Turns, traffic: Traffic): string[] => [
  describe('bare Koa echo', bare, traffic),
  describe('event-sink', daemon, traffic),
  describe('event-sink without its local store', queueOnly, traffic),
];

const of = (runs: readonly Measured[], property: 'rate' | 'cpu' | 'p50' | 'p99'): number =>
  median(runs.map(run => run[property]));

function describe(name: string, runs: readonly Measured[], { eventsInRequest: events }: Traffic): string {
  const rate = of(runs, 'rate');
  const cpu = of(runs, 'cpu');
  return `${name}: ${figure(rate)} requests/s, ${figure(rate * events)} events/s; CPU ${figure(cpu)} µs a request, ${figure(cpu / events)} µs an event; p50 ${figure(of(runs, 'p50'))} ms, p99 ${figure(of(runs, 'p99'))} ms`;
}

const one = await byTurns(single);
const list = await byTurns(many);
const rows: Row[] = [
  {
    what: 'HTTP, one event a request, 32 connections: requests/s beside a bare Koa JSON echo',
    reached: (100 * of(one.daemon, 'rate')) / of(one.bare, 'rate'),
    target: 50,
    good: 'at least',
    unit: ' %',
    details: detailsOf(one, single),
  },
  {
    what: 'HTTP, 500 events a request, 4 connections',
    reached: of(list.daemon, 'rate') * many.eventsInRequest,
    target: 50_000,
    good: 'at least',
    unit: ' events/s',
    details: detailsOf(list, many),
  },
];
report(rows, {
  'one a request: CPU µs': of(one.daemon, 'cpu'),
  'one a request: events/s': of(one.daemon, 'rate'),
  '500 a request: CPU µs': of(list.daemon, 'cpu') / many.eventsInRequest,
  '500 a request: events/s': of(list.daemon, 'rate') * many.eventsInRequest,
});
