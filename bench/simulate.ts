import { readFileSync } from 'node:fs';
import { figure } from './measure/report.js';

/**
 * What an installation needs at each factor of ten, from a hundred to a million events a second: by the figures that
 * the benchmarks measured (bench/results/results.json), for two sinks, InfluxDB and MongoDB. A calculation of parts,
 * and a simulation of one of them: a consumer with its batches, for what waiting an event must expect, and for a sink
 * that is down for ten minutes. Docs: docs/scaling.md.
 *
 *   node dist/bench/simulate.js
 */

interface Results {
  readonly http: { readonly figures: Readonly<Record<string, number>> };
  readonly rabbitmq: { readonly figures: Readonly<Record<string, number>> };
}
const { http, rabbitmq } = JSON.parse(readFileSync('bench/results/results.json', 'utf8')) as Results;

/** Bytes of one event in a frame of AMQP with Clowder's properties; in a queue or a log, about the same. */
const eventBytes = 350;
const sinks = 2;
/** Parts are sized for the peak, and for no more than this share of what was measured. */
const peak = 3;
const busy = 0.6;
/** Copies of a quorum queue. */
const replicas = 3;
const outageSeconds = 600;

/** Events a second. A daemon and its sink's server shared two cores when this was measured: it is the least. */
const measured = {
  backend: http.figures['500 a request: events/s']!,
  /** Published and confirmed, one node, one queue; where no run has measured it, what one consumer took from it. */
  queue: rabbitmq.figures['published events/s'] ?? rabbitmq.figures['influxdb: floor, events/s']!,
  influxdb: rabbitmq.figures['influxdb: event-sink, events/s']!,
  mongodb: rabbitmq.figures['mongodb: event-sink, events/s']!,
};
const cpu = {
  influxdb: rabbitmq.figures['influxdb: event-sink, CPU µs']!,
  mongodb: rabbitmq.figures['mongodb: event-sink, CPU µs']!,
};

const needed = (rate: number, capacity: number): number => Math.max(1, Math.ceil((rate * peak) / (capacity * busy)));

interface Parts {
  readonly rate: number;
  readonly queues: number;
  readonly influxdb: number;
  readonly mongodb: number;
  readonly cores: number;
  readonly brokerMB: number;
  readonly outageGB: number;
}

function partsFor(rate: number): Parts {
  return {
    rate,
    queues: needed(rate, measured.queue),
    influxdb: needed(rate, measured.influxdb),
    mongodb: needed(rate, measured.mongodb),
    cores: (rate * peak * (cpu.influxdb + cpu.mongodb)) / 1e6,
    // In once, to the other copies of each sink's queue, out once for each sink.
    brokerMB: (rate * peak * eventBytes * (1 + sinks * (replicas - 1) + sinks)) / 1e6,
    outageGB: (rate * outageSeconds * eventBytes * replicas) / 1e9,
  };
}

interface Consumer {
  /** What it can write, events/s. */
  readonly capacity: number;
  readonly count: number;
  readonly lingerMs: number;
}

interface Waits {
  /** From queue to destination, ms. */
  readonly p50: number;
  readonly p99: number;
  /** The most events that waited when the sink was down, and how long it took until none did, s. */
  readonly backlog: number;
  readonly recovery: number;
}

/** A fixed part of every write, ms: the request, the answer, the server's disk. */
const writeMs = 5;

/**
 * One consumer, ms by ms: arrivals as they come (exponential gaps), batches by count and linger, one write at a time.
 * Then, by the same capacity, ten minutes in which nothing is written, and the way back.
 */
function wait(rate: number, { capacity, count, lingerMs }: Consumer, random: () => number): Waits {
  const latencies: number[] = [];
  const waiting: number[] = [];
  let next = 0;
  let writing: number[] = [];
  let doneAt = 0;
  const seconds = Math.min(60, Math.max(5, 200_000 / rate));
  for (let now = 0; now < seconds * 1000; now += 1) {
    while (next <= now) {
      waiting.push(next);
      next -= (Math.log(1 - random()) * 1000) / rate;
    }
    if (writing.length > 0 && doneAt <= now) {
      for (const came of writing) latencies.push(doneAt - came);
      writing = [];
    }
    const due = waiting.length >= count || (waiting.length > 0 && now - waiting[0]! >= lingerMs);
    if (writing.length === 0 && due) {
      writing = waiting.splice(0, count);
      doneAt = now + writeMs + (writing.length * 1000) / capacity;
    }
  }
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  const backlog = rate * outageSeconds;
  return { p50: at(0.5), p99: at(0.99), backlog, recovery: backlog / (capacity - rate) };
}

/** The same run, the same numbers: Mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n');
}

const rates = [100, 1_000, 10_000, 100_000, 1_000_000];
const parts = rates.map(partsFor);
console.log(
  `Measured: HTTP API ${figure(measured.backend)}, queue ${figure(measured.queue)}, InfluxDB ${figure(measured.influxdb)}, MongoDB ${figure(measured.mongodb)} events/s; sized for ${peak} × the mean at ${busy * 100} % of that.\n`,
);
console.log(
  table(
    [
      'events/s',
      'queues a sink',
      'daemons for InfluxDB',
      'for MongoDB',
      'their cores at the peak',
      'broker network',
      'ten minutes without a sink',
    ],
    parts.map(({ rate, queues, influxdb, mongodb, cores, brokerMB, outageGB }) => [
      figure(rate),
      figure(queues),
      figure(influxdb),
      figure(mongodb),
      figure(cores),
      `${figure(brokerMB)} MB/s`,
      `${figure(outageGB)} GB on the broker`,
    ]),
  ),
);

const random = seeded(1);
const consumer: Consumer = { capacity: measured.influxdb, count: 5000, lingerMs: 200 };
console.log('\nOne daemon of the InfluxDB sink, at its share of the events:\n');
console.log(
  table(
    ['events/s', 'each daemon', 'p50', 'p99', 'caught up after ten minutes without the sink'],
    parts.map(({ rate, influxdb }) => {
      const share = rate / influxdb;
      const { p50, p99, recovery } = wait(share, consumer, random);
      return [
        figure(rate),
        `${figure(share)} events/s`,
        `${figure(p50)} ms`,
        `${figure(p99)} ms`,
        `${figure(recovery / 60)} min`,
      ];
    }),
  ),
);
