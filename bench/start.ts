import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDaemon } from '../test/helpers/daemon.js';
import { benchDaemon } from './measure/daemon.js';
import { figure, quick, report } from './measure/report.js';
import { cpuMs, median, memoryOf } from './measure/usage.js';

/**
 * Start to ready and memory when idle, embedded: a folder with data of an earlier start, no sink
 * but the local store, median of ten.
 */
const runs = quick ? 3 : 10;
const idleMs = 3_000;

interface Start {
  readonly ready: number;
  readonly cpu: number;
  readonly rss: number;
}

async function start(daemon: TestDaemon): Promise<Start> {
  const began = performance.now();
  await daemon.start();
  const ready = performance.now() - began;
  const cpu = cpuMs(daemon.pid);
  await sleep(idleMs);
  const { rss } = memoryOf(daemon.pid);
  await daemon.kill('SIGTERM');
  return { ready, cpu, rss };
}

const daemon = benchDaemon();
const fresh = await start(daemon);
const starts: Start[] = [];
for (let run = 0; run < runs; run += 1) starts.push(await start(daemon));
await daemon.remove();

const of = (property: keyof Start): number => median(starts.map(one => one[property]));
const all = (property: keyof Start): string => starts.map(one => figure(one[property])).join(', ');
report([
  {
    what: 'Start to ready (GET /readyz answers 200), embedded',
    reached: of('ready'),
    target: 400,
    good: 'at most',
    unit: ' ms',
    details: [
      `from the start of the process, median of ${runs}: ${all('ready')} ms; with a new folder ${figure(fresh.ready)} ms`,
      `CPU until then ${figure(of('cpu'))} ms`,
    ],
  },
  {
    what: 'Memory when idle, embedded',
    reached: of('rss'),
    target: 90,
    good: 'at most',
    unit: ' MB',
    details: [`RSS ${idleMs / 1000} s after it was ready, median of ${runs}: ${all('rss')} MB`],
  },
]);
