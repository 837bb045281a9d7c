import { get } from 'node:http';
import type { TestDaemon } from '../test/helpers/daemon.js';
import { benchDaemon, end } from './measure/daemon.js';
import { sampleList } from './measure/events.js';
import { paced } from './measure/paced.js';
import { figure, quick, report } from './measure/report.js';
import { cpuMs, median } from './measure/usage.js';

/**
 * What open pages cost the HTTP API, embedded: 2,000 events/s come in, 10 a request, whether answers are quick or not;
 * by turns without any page and with 50, each of which reads the live stream, asks for the status every two seconds and
 * for its charts every ten, as the page does.
 */
const rounds = quick ? 1 : 5;
const seconds = quick ? 5 : 15;
const pages = 50;
const requestsPerSecond = 200;
const inRequest = 10;
const minute = 60_000;

/** What an open page asks for, and how often, ms: src/page/{dashboard,flow,charts,services}.ts. */
const questions: readonly { readonly everyMs: number; readonly path: () => string }[] = [
  { everyMs: 2_000, path: () => '/v1/status' },
  { everyMs: 10_000, path: () => '/v1/ledger' },
  { everyMs: 5_000, path: () => series('by=_source') },
  { everyMs: 5_000, path: () => series('') },
  { everyMs: 5_000, path: () => series('category=connections&field=connections') },
  { everyMs: 5_000, path: () => series('category=connections&field=visitors') },
  { everyMs: 5_000, path: () => series('category=health&field=response_time_avg&by=service_name') },
  { everyMs: 10_000, path: () => '/v1/events?category=service_status&limit=1000' },
];

function series(filter: string): string {
  const to = Math.ceil(Date.now() / minute) * minute;
  return `/v1/series?from=${to - 60 * minute}&to=${to}&step=${minute}&${filter}`;
}

/** As a browser does it: one stream that stays open, and a question now and then. */
class Page {
  readonly #daemon: TestDaemon;
  readonly #end = new AbortController();
  readonly #timers: NodeJS.Timeout[];
  /** What the stream has brought. */
  bytes = 0;

  /** `phase`: when in each period it asks, 0 to 1. */
  constructor(daemon: TestDaemon, phase: number) {
    this.#daemon = daemon;
    this.#ask('/v1/stream', chunk => {
      this.bytes += chunk.length;
    });
    this.#timers = questions.map((_, index) => setTimeout(() => this.#poll(index), phase * this.#everyMs(index)));
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#end.abort();
  }

  #poll(index: number): void {
    this.#ask(questions[index]!.path(), () => {});
    this.#timers[index] = setTimeout(() => this.#poll(index), this.#everyMs(index));
  }

  #everyMs(index: number): number {
    return questions[index]!.everyMs;
  }

  #ask(path: string, onChunk: (chunk: Buffer) => void): void {
    const { port, key } = this.#daemon;
    const options = { host: '127.0.0.1', port, path, headers: { 'X-API-Key': key }, signal: this.#end.signal };
    const asked = get(options, response => response.on('data', onChunk).on('error', () => {}));
    // Closing the page is an error of what is under way.
    asked.on('error', () => {});
  }
}

interface Backend {
  readonly p50: number;
  readonly p99: number;
  readonly cpu: number;
}

const daemon = await benchDaemon().start();
let sent = 0;

async function traffic(forSeconds: number): Promise<Backend> {
  const before = cpuMs(daemon.pid);
  const { latencies } = await paced({
    port: daemon.port,
    path: '/v1/events',
    headers: { 'X-API-Key': daemon.key },
    rate: requestsPerSecond,
    seconds: forSeconds,
    body: () => {
      sent += inRequest;
      return sampleList(sent, inRequest);
    },
  });
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  return { p50: at(0.5), p99: at(0.99), cpu: (cpuMs(daemon.pid) - before) / (forSeconds * 10) };
}

async function withPages(): Promise<Backend> {
  const open = Array.from({ length: pages }, (_, index) => new Page(daemon, index / pages));
  await traffic(2);
  const result = await traffic(seconds);
  const deaf = open.filter(({ bytes }) => bytes < 100_000).length;
  for (const page of open) page.close();
  if (deaf > 0) throw new Error(`${deaf} of ${pages} pages have seen no events`);
  return result;
}

try {
  await traffic(5);
  const none: Backend[] = [];
  const fifty: Backend[] = [];
  for (let round = 0; round < rounds; round += 1) {
    none.push(await traffic(seconds));
    fifty.push(await withPages());
  }
  const of = (runs: readonly Backend[], property: keyof Backend): number =>
    median(runs.map(backend => backend[property]));
  const line = (name: string, runs: readonly Backend[]): string =>
    `${name}: p99 ${figure(of(runs, 'p99'))} ms, p50 ${figure(of(runs, 'p50'))} ms, ${figure(of(runs, 'cpu'))} % of a core (p99 of the runs: ${runs.map(({ p99 }) => figure(p99)).join(', ')} ms)`;
  report([
    {
      what: `${pages} open pages at ${figure(requestsPerSecond * inRequest)} events/s: ingestion p99 beside that with none`,
      reached: (100 * of(fifty, 'p99')) / of(none, 'p99'),
      target: 120,
      good: 'at most',
      unit: ' %',
      details: [line('no page', none), line(`${pages} pages`, fifty)],
    },
  ]);
} finally {
  await end(daemon);
}
