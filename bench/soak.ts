import { benchDaemon, end } from './measure/daemon.js';
import { figure, machine, quick } from './measure/report.js';
import { cpuMs, memoryOf } from './measure/usage.js';
import { load, requireWrk } from './measure/wrk.js';

/**
 * Ten minutes of single durable requests at 70 % of the highest rate, embedded, local store on: a line a minute with
 * the rate, p99, CPU and memory. Without a target of its own: p99 is to stay below 25 ms, and memory where it is.
 *
 *   node dist/bench/soak.js
 */
requireWrk();
const minutes = quick ? 2 : 10;
const seconds = quick ? 10 : 60;
const share = 0.7;
/** Mean pause of a connection in bench/load/paced.lua, ms. */
const pauseMs = 10;

const daemon = await benchDaemon().start();
try {
  const target = { url: `${daemon.url}/v1/events`, key: daemon.key };
  await load({ ...target, connections: 32, seconds: 5, traffic: 'single' });
  const highest = await load({ ...target, connections: 32, seconds: 10, traffic: 'single' });
  const aim = highest.rate * share;
  const connections = Math.ceil((aim * (pauseMs + highest.p50)) / 1000);
  console.log(machine);
  console.log(
    `highest ${figure(highest.rate)} requests/s; ${figure(aim)} are aimed at, over ${connections} connections`,
  );
  for (let minute = 1; minute <= minutes; minute += 1) {
    const before = cpuMs(daemon.pid);
    const { rate, requests, p50, p99 } = await load({ ...target, connections, seconds, traffic: 'paced' });
    const cpu = ((cpuMs(daemon.pid) - before) * 1000) / requests;
    const { rss, peak } = memoryOf(daemon.pid);
    console.log(
      `${minute}: ${figure(rate)} requests/s, p50 ${figure(p50)} ms, p99 ${figure(p99)} ms, CPU ${figure(cpu)} µs a request, ${figure(rss)} MB, at most ${figure(peak)}`,
    );
  }
} finally {
  await end(daemon);
}
