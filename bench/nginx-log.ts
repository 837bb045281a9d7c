import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  createWriteStream,
  existsSync,
  linkSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../test/helpers/wait.js';
import { benchDaemon, end } from './measure/daemon.js';
import { findPeer } from './measure/peer.js';
import { figure, quick, report } from './measure/report.js';
import { cpuMs, median, memoryOf } from './measure/usage.js';

/**
 * A log of a million combined lines, a day and a half of traffic, read and counted by a whole daemon: windows of a
 * minute, committed with their events, which the local store takes; with and without an event of each view, download
 * and API call, with and without usage. Beside it goaccess on the same file, and Telegraf (bench/peers) on a part of
 * it, where they are installed.
 */
const lines = quick ? 200_000 : 1_000_000;
const rounds = quick ? 1 : 3;
const peerLines = 20_000;

const agents = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:123.0) Gecko/20100101 Firefox/123.0',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.3 Safari/605.1.15',
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'python-requests/2.31.0',
  'curl/8.5.0',
];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Numbers that look random and are the same in every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return sides => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

function localTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  const [day, ...clock] = [date.getUTCDate(), date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(
    number => String(number).padStart(2, '0'),
  );
  return `${day}/${months[date.getUTCMonth()]}/${date.getUTCFullYear()}:${clock.join(':')} +0000`;
}

async function writeLog(path: string): Promise<void> {
  const roll = dice(42);
  const ids = Array.from({ length: 500 }, () => Array.from({ length: 24 }, () => roll(16).toString(16)).join(''));
  const out = createWriteStream(path);
  let seconds = Date.UTC(2024, 2, 5) / 1000;
  let text = '';
  for (let number = 0; number < lines; number += 1) {
    if (roll(8) === 0) seconds += 1;
    const id = ids[roll(ids.length)];
    const targets = [
      ...[`/assets/javascripts/app-${roll(30)}.js`, '/assets/stylesheets/main.css', '/images/logo.png', '/healthz'],
      ...[`/datasets/${id}`, `/files/${id}`, `/files/${id}/blob`, `/api/datasets/${id}/metadata`],
      ...[`/api/files/${id}/blob?key=0000`, `/search?query=word${roll(1000)}`],
    ];
    const address = `10.${roll(8)}.${roll(256)}.${roll(256)}`;
    const request = `"${roll(20) ? 'GET' : 'POST'} ${targets[roll(targets.length)]} HTTP/1.1"`;
    text += `${address} - - [${localTime(seconds)}] ${request} ${roll(30) ? 200 : 404} ${roll(100_000)} "https://clowder.example.org/datasets" "${agents[roll(agents.length)]}"\n`;
    if (text.length < 1_000_000) continue;
    if (!out.write(text)) await once(out, 'drain');
    text = '';
  }
  out.end(text);
  await once(out, 'finish');
}

interface Reading {
  /** Lines a second of the wall clock, and of a core: all threads of the program. */
  readonly rate: number;
  readonly cpuRate: number;
  /** MB. */
  readonly peak: number;
}

/** From the moment that the log is there until its last line is counted. */
async function read(file: string, folder: string, env: Readonly<Record<string, string>>): Promise<Reading> {
  const log = join(folder, 'access.log');
  const daemon = await benchDaemon({ NGINX_ACCESS_LOG: log, ...env }).start();
  const counted = async (): Promise<number> => {
    const { actors } = await daemon.json('/v1/status');
    return Number(actors.find(({ path }) => path.startsWith('ingress/nginx-log/'))?.detail.requests ?? 0);
  };
  try {
    const cpu = cpuMs(daemon.pid);
    const began = performance.now();
    linkSync(file, log);
    while ((await counted()) < lines) await sleep(50);
    const seconds = (performance.now() - began) / 1000;
    const cpuSeconds = (cpuMs(daemon.pid) - cpu) / 1000;
    return { rate: lines / seconds, cpuRate: lines / cpuSeconds, peak: memoryOf(daemon.pid).peak };
  } finally {
    await end(daemon);
    rmSync(log, { force: true });
  }
}

/** Telegraf with its patterns (bench/peers), on the first lines of the log; undefined where it is not installed. */
async function telegraf(file: string, folder: string): Promise<Reading | undefined> {
  const begin = findPeer('telegraf', 'telegraf-nginx-log.conf');
  if (begin === undefined) return undefined;
  const [log, output] = [join(folder, 'peer.log'), join(folder, 'peer.out')];
  writeFileSync(log, `${readFileSync(file, 'latin1').split('\n', peerLines).join('\n')}\n`, 'latin1');
  const written = (): number => (existsSync(output) ? readFileSync(output, 'latin1').split('\n').length - 1 : 0);
  const began = performance.now();
  const program = begin({ LOG: log, OUTPUT: output });
  try {
    await until(() => written() >= peerLines, `${peerLines} lines of Telegraf`, 120_000, 200);
    const seconds = (performance.now() - began) / 1000;
    const cpuSeconds = cpuMs(program.pid) / 1000;
    return { rate: peerLines / seconds, cpuRate: peerLines / cpuSeconds, peak: memoryOf(program.pid).peak };
  } catch (error) {
    console.log(`telegraf failed: ${error}`);
    return undefined;
  } finally {
    await program.end();
  }
}

/** Lines a second; undefined where it is not installed. */
function goaccess(file: string, folder: string): number | undefined {
  const began = performance.now();
  const result = spawnSync('goaccess', [
    file,
    '--log-format=COMBINED',
    '--no-progress',
    '-o',
    join(folder, 'report.json'),
  ]);
  return result.status === 0 ? (lines / (performance.now() - began)) * 1000 : undefined;
}

const kinds = [
  { what: 'counted into windows, USAGE=off', env: { USAGE: 'off' }, target: 300_000 },
  { what: 'counted into windows, and views and downloads for usage', env: {}, target: 80_000 },
  {
    what: 'an event of each view, download and API call, USAGE=off',
    env: { USAGE: 'off', NGINX_TRAFFIC_EVENTS: 'on' },
    target: 80_000,
  },
  {
    what: 'an event of each view, download and API call, and usage',
    env: { NGINX_TRAFFIC_EVENTS: 'on' },
    target: 80_000,
  },
];

const line = (name: string, { cpuRate, rate, peak }: Reading): string =>
  `${name}: ${figure(cpuRate)} lines a second of CPU, ${figure(rate)} a second of time, ${figure(peak)} MB at most`;

const folder = mkdtempSync(join(tmpdir(), 'event-sink-bench-'));
try {
  const file = join(folder, 'written.log');
  await writeLog(file);
  const readings: Reading[][] = kinds.map(() => []);
  for (let round = 0; round < rounds; round += 1)
    for (const [index, { env }] of kinds.entries()) readings[index]!.push(await read(file, folder, env));
  const peer = await telegraf(file, folder);
  const beside = goaccess(file, folder);
  const others = [
    ...(peer === undefined ? [] : [line('telegraf (tail and grok)', peer)]),
    beside === undefined ? 'goaccess is not installed' : `goaccess: ${figure(beside)} lines a second of time`,
  ];
  report(
    kinds.map(({ what, target }, index) => ({
      what: `NGINX log of ${figure(lines)} combined lines (${figure(statSync(file).size / 1e6)} MB), ${what}: lines/s on one core`,
      reached: median(readings[index]!.map(({ cpuRate }) => cpuRate)),
      target,
      good: 'at least' as const,
      unit: '',
      details: [...readings[index]!.map(reading => line('whole daemon', reading)), ...(index === 0 ? others : [])],
    })),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
