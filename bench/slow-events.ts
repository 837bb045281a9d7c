import { fileURLToPath } from 'node:url';
import { AmplitudeServer } from '../test/helpers/servers/amplitude.js';
import { Ga4Server } from '../test/helpers/servers/ga4.js';
import { benchDaemon, end } from './measure/daemon.js';
import { Program } from './measure/program.js';
import { figure, quick, type Row, report } from './measure/report.js';

/**
 * How long /healthz takes while events arrive that are made to be slow (a text of 250,000 dots that is almost a mail
 * address), with Amplitude and Google Analytics on, and a bare Koa echo that is asked under the same load.
 */
const events = quick ? 400 : 10_000;
const eventsInRequest = 3;
const event = { category: 'view', resource_name: `a@${'.'.repeat(250_000)} ` };
const body = JSON.stringify(Array.from({ length: eventsInRequest }, () => event));

interface Target {
  readonly url: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly health: string;
  readonly ask: RequestInit;
}

/** The waits for an answer, ms, the shortest first, while all events are posted, two requests at once. */
async function waits({ url, path, headers, health, ask }: Target): Promise<number[]> {
  const found: number[] = [];
  let left = Math.ceil(events / eventsInRequest);
  let over = false;
  const post = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const options = { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } };
      let status = 0;
      do {
        const response = await fetch(url + path, options);
        await response.arrayBuffer();
        status = response.status;
        if (status === 503) await new Promise(resolve => setTimeout(resolve, 100));
      } while (status === 503);
      if (status !== 202) throw new Error(`answered ${status}`);
    }
  };
  const askOften = async (): Promise<void> => {
    while (!over) {
      const began = performance.now();
      await (await fetch(url + health, ask)).arrayBuffer();
      found.push(performance.now() - began);
      await new Promise(resolve => setTimeout(resolve, 5));
    }
  };
  const asking = askOften();
  await Promise.all([post(), post()]);
  over = true;
  await asking;
  return found.sort((a, b) => a - b);
}

async function ours(): Promise<number[]> {
  const [amplitude, ga4] = [new AmplitudeServer(), new Ga4Server()];
  await Promise.all([amplitude.start(), ga4.start()]);
  const daemon = await benchDaemon({
    AMPLITUDE_API_KEY: 'key-of-the-project',
    AMPLITUDE_SERVER_URL: amplitude.url,
    GOOGLE_MEASUREMENT_ID: 'G-TEST123456',
    GOOGLE_API_SECRET: 'secret-of-the-stream',
    GOOGLE_SERVER_URL: ga4.origin,
  }).start();
  try {
    const headers = { 'x-api-key': daemon.key };
    return await waits({ url: daemon.url, path: '/v1/events', headers, health: '/healthz', ask: {} });
  } finally {
    await end(daemon);
    await Promise.all([amplitude.stop(), ga4.stop()]);
  }
}

async function floor(): Promise<number[]> {
  const echo = new Program(process.execPath, [fileURLToPath(new URL('floor/koa-echo.js', import.meta.url))]);
  try {
    const url = `http://127.0.0.1:${await echo.ready()}`;
    return await waits({ url, path: '/', headers: {}, health: '/', ask: { method: 'POST', body: '{}' } });
  } finally {
    await echo.end();
  }
}

const at = (found: readonly number[], share: number): number => found[Math.floor(found.length * share)] ?? 0;
const describe = (name: string, found: readonly number[]): string =>
  `${name}: p50 ${figure(at(found, 0.5))} ms, p99 ${figure(at(found, 0.99))} ms, longest ${figure(found.at(-1) ?? 0)} ms`;

const [daemon, bare] = [await ours(), await floor()];
const rows: Row[] = [
  {
    what: `/healthz under ${figure(events)} events that are made to be slow, p99`,
    reached: at(daemon, 0.99),
    target: 50,
    good: 'at most',
    unit: ' ms',
    details: [describe('event-sink', daemon), describe('bare Koa echo', bare)],
  },
];
report(rows, { 'p99 ms': at(daemon, 0.99), 'bare echo: p99 ms': at(bare, 0.99) });
