import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { TestDaemon } from '../test/helpers/daemon.js';
import { type LoadResult, load } from './load.js';

/**
 * HTTP ingestion, accepted durably (embedded broker, fsync), beside a bare Koa JSON echo in the same run: one event a request at 32 connections,
 * and 500 events a request. Each event is new. Prints ratios first; figures of one machine only mean something beside each other.
 */
const seconds = Number(process.env.BENCH_SECONDS ?? 5);

const event = (number: number): object => ({
  category: 'view_resource',
  type: 'dataset',
  resource_id: '5fad53bfe4b00dcab417b69c',
  resource_name: `Survey ${number}`,
  author_id: '5fad53bfe4b00dcab417b69d',
  author_name: 'Ann Author',
  user_id: '5fad53bfe4b00dcab417b69e',
  user_name: 'Uma User',
  created: 1_700_000_000_000 + number,
});
const single = (number: number): string => JSON.stringify(event(number));
const many = (number: number): string =>
  JSON.stringify(Array.from({ length: 500 }, (_, index) => event(10_000_000 + number * 500 + index)));

async function floor(connections: number, body: (number: number) => string): Promise<LoadResult> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('floor/koa-echo.js', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  await load({ port, path: '/', connections, seconds: 1, body });
  const result = await load({ port, path: '/', connections, seconds, body });
  child.kill();
  await once(child, 'exit');
  return result;
}

async function ours(connections: number, body: (number: number) => string): Promise<LoadResult> {
  const daemon = await new TestDaemon({ env: { LOG_LEVEL: 'warn' } }).start();
  const headers = { 'X-API-Key': daemon.key };
  const options = { port: daemon.port, path: '/v1/events', headers, connections };
  try {
    await load({ ...options, seconds: 1, body: number => body(number + 5_000_000) });
    return await load({ ...options, seconds, body });
  } finally {
    await daemon.remove();
  }
}

const perSecond = (result: LoadResult, factor = 1): number => Math.round((result.requests * factor) / result.seconds);
const show = (name: string, result: LoadResult, factor: number): void => {
  const { p50, p99, statuses } = result;
  console.log(
    `  ${name.padEnd(22)} ${String(perSecond(result)).padStart(7)} requests/s ${String(perSecond(result, factor)).padStart(9)} events/s   p50 ${p50.toFixed(1)} ms  p99 ${p99.toFixed(1)} ms  ${JSON.stringify(statuses)}`,
  );
};

const rows = [
  {
    title: 'one event a request, 32 connections',
    connections: 32,
    body: single,
    factor: 1,
    target: '≥ 50 % of the floor',
  },
  {
    title: '500 events a request, 4 connections',
    connections: 4,
    body: many,
    factor: 500,
    target: '≥ 50,000 events/s',
  },
];
console.log(`${cpus().length} cores, ${cpus()[0]?.model}, Node ${process.version}\n`);
for (const { title, connections, body, factor, target } of rows) {
  const bare = await floor(connections, body);
  const daemon = await ours(connections, body);
  console.log(
    `${title}: ${Math.round((100 * perSecond(daemon)) / perSecond(bare))} % of the floor   (target: ${target})`,
  );
  show('bare Koa JSON echo', bare, factor);
  show('event-sink, durable', daemon, factor);
}
