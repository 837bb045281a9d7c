import type { TestDaemon } from '../test/helpers/daemon.js';
import { benchDaemon, end } from './measure/daemon.js';
import { sampleList } from './measure/events.js';
import { figure, quick, report } from './measure/report.js';
import { cpuMs, median, memoryOf } from './measure/usage.js';

/**
 * What an event costs as their number grows, embedded: through the HTTP API into the queue and on to the local store,
 * until nothing waits. One daemon for each size, warmed up first; the cost is that of all its threads.
 */
const warmUp = 50_000;
const sizes = quick ? [10_000, 100_000] : [10_000, 100_000, 1_000_000];
/** A small run says little by itself: it is made more often. */
const runsOf = (size: number): number => (size >= 1_000_000 ? 1 : size >= 100_000 ? 2 : 5);
const inRequest = 500;
const connections = 4;

async function send(daemon: TestDaemon, from: number, count: number): Promise<void> {
  let next = from;
  const sender = async (): Promise<void> => {
    while (next < from + count) {
      const number = next;
      next += inRequest;
      const response = await daemon.request('/v1/events', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: sampleList(number, inRequest),
      });
      if (response.status !== 202) throw new Error(`answer ${response.status}: ${await response.text()}`);
      await response.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: connections }, sender));
  await daemon.drained(120_000);
}

interface Cost {
  readonly cpu: number;
  readonly rss: number;
}

async function measure(size: number): Promise<Cost> {
  const daemon = await benchDaemon().start();
  try {
    await send(daemon, 0, warmUp);
    const before = cpuMs(daemon.pid);
    await send(daemon, warmUp, size);
    return { cpu: ((cpuMs(daemon.pid) - before) * 1000) / size, rss: memoryOf(daemon.pid).peak };
  } finally {
    await end(daemon);
  }
}

const costs = new Map<number, Cost>();
for (const size of sizes) {
  const runs: Cost[] = [];
  for (let run = 0; run < runsOf(size); run += 1) runs.push(await measure(size));
  costs.set(size, { cpu: median(runs.map(({ cpu }) => cpu)), rss: median(runs.map(({ rss }) => rss)) });
}

const [smallest = 0, largest = 0] = [sizes[0], sizes.at(-1)];
report([
  {
    what: `CPU an event at ${figure(largest)} events beside that at ${figure(smallest)}`,
    reached: (100 * costs.get(largest)!.cpu) / costs.get(smallest)!.cpu,
    target: 110,
    good: 'at most',
    unit: ' %',
    details: [...costs].map(
      ([size, { cpu, rss }]) =>
        `${figure(size)} events: ${figure(cpu)} µs of CPU an event, HTTP API to local store; at most ${figure(rss)} MB`,
    ),
  },
]);
