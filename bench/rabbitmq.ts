import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { connect } from 'amqplib';
import { startRabbitMQ } from '../test/helpers/servers/rabbitmq.js';
import { required } from '../test/helpers/skip.js';
import { Backlog } from './measure/backlog.js';
import { benchDaemon, end } from './measure/daemon.js';
import { type Delivered, deliver, type Subject } from './measure/deliver.js';
import { type Destination, influxdb, mongodb } from './measure/destinations.js';
import { findPeer, type PeerName } from './measure/peer.js';
import { Program } from './measure/program.js';
import { figure, quick, type Row, report } from './measure/report.js';
import { median } from './measure/usage.js';

/**
 * RabbitMQ → InfluxDB and RabbitMQ → MongoDB, delivered and acknowledged, from one quorum queue: by turns the floor
 * (bench/floor), the daemon, and the shape of the Python workers that came before (bench/baseline). Events as Clowder
 * sends them, without properties: the daemon hashes each for its id. Its local store is off: the floor and the workers
 * have none, and of several daemons at most one keeps it. Telegraf and Bento (bench/peers) run beside them where they
 * are installed. Each run writes to a database of its own, which is counted afterwards.
 *
 *   node dist/bench/rabbitmq.js [influxdb|mongodb [without-workers]]
 */
const rounds = quick ? 1 : 3;
const [only, without] = process.argv.slice(2);

const worker = fileURLToPath(new URL('../../bench/baseline/worker.py', import.meta.url));
/** The first of a sink is what the targets speak of. */
const workers = [
  { to: 'influxdb', form: 'influxdb', module: 'influxdb', name: 'Python worker (pika, influxdb)' },
  { to: 'influxdb', form: 'http', module: 'http', name: 'Python worker (pika, bare HTTP)' },
  { to: 'mongodb', form: 'mongodb', module: 'pymongo', name: 'Python worker (pika, pymongo)' },
];

const peers: readonly { readonly to: string; readonly name: PeerName; readonly file: string }[] = [
  { to: 'influxdb', name: 'telegraf', file: 'telegraf-influxdb.conf' },
  { to: 'influxdb', name: 'bento', file: 'bento-influxdb.yaml' },
];

const rabbitmq = required('rabbitmq', await startRabbitMQ());
const backlog = await Backlog.open(rabbitmq.uri);
let databases = 0;
const figures: Record<string, number> = {};

interface Kind {
  readonly name: string;
  readonly warmUp: number;
  readonly events: number;
  start(database: string): Promise<Subject>;
}

async function program(command: string, args: readonly string[], env: Record<string, string>): Promise<Subject> {
  const child = new Program(command, args, env);
  await child.ready();
  return child;
}

async function run(kind: Kind, queue: string, destination: Destination): Promise<Delivered> {
  databases += 1;
  const database = `bench${databases}`;
  await destination.prepare(database);
  const subject = await kind.start(database);
  try {
    const { warmUp, events } = kind;
    const arrived = (): Promise<number> => destination.arrived(database);
    const result = await Promise.race([
      deliver(subject, backlog, { queue, warmUp, events, arrived }),
      subject.ended.then(code => Promise.reject(new Error(`${kind.name} ended with ${code}`))),
    ]);
    const stored = await destination.stored(database);
    if (stored !== warmUp + events) throw new Error(`${kind.name}: ${stored} of ${warmUp + events} events are there`);
    return result;
  } finally {
    await subject.end();
  }
}

/** As the daemon declares it: the first of them all to use it is the floor. */
async function declare(queue: string): Promise<void> {
  const connection = await connect(rabbitmq.uri);
  const channel = await connection.createChannel();
  await channel.assertExchange('clowder.metrics', 'fanout', { durable: true });
  const settings = { 'x-queue-type': 'quorum', 'x-delivery-limit': 1_000_000 };
  await channel.assertQueue(queue, { durable: true, arguments: settings });
  await channel.bindQueue(queue, 'clowder.metrics', '');
  await connection.close();
}

async function release(queue: string): Promise<void> {
  const connection = await connect(rabbitmq.uri);
  const channel = await connection.createChannel();
  await channel.deleteQueue(queue);
  await connection.close();
}

function peersOf(sink: string, events: number, env: (database: string) => Record<string, string>): Kind[] {
  return peers
    .filter(({ to }) => to === sink)
    .flatMap(({ name, file }): Kind[] => {
      const begin = findPeer(name, file);
      return begin === undefined
        ? []
        : [{ name, warmUp: events / 4, events, start: async database => begin(env(database)) }];
    });
}

async function rowsOf(sink: string, destination: Destination, events: number): Promise<Row[]> {
  const queue = `event-sink.${sink}`;
  await declare(queue);
  const args = (database: string) => ({ ...destination.environment(database), URI: rabbitmq.uri, QUEUE: queue });
  const floor: Kind = {
    name: 'floor',
    warmUp: events / 4,
    events,
    start: database =>
      program(process.execPath, [fileURLToPath(new URL(`floor/amqp-${sink}.js`, import.meta.url))], args(database)),
  };
  const ours: Kind = {
    name: 'event-sink',
    warmUp: events / 4,
    events,
    start: async database => {
      const settings = { RABBITMQ_URI: rabbitmq.uri, LOCAL_STORE: 'off', ...destination.settings(database) };
      const daemon = await benchDaemon(settings).start();
      return { pid: daemon.pid, ended: daemon.ended(), end: () => end(daemon) };
    },
  };
  const olds = workers
    .filter(({ to }) => to === sink && without === undefined)
    .filter(({ module }) => spawnSync('/usr/bin/python3', ['-c', `import pika, ${module}`]).status === 0);
  const before = olds.map(
    ({ form, name }): Kind => ({
      name,
      warmUp: 500,
      events: quick ? 1000 : 3000,
      start: database => program('/usr/bin/python3', [worker, form], args(database)),
    }),
  );
  const beside = peersOf(sink, events, args);
  const kinds = [floor, ours, ...beside, ...before];
  const results = new Map<Kind, Delivered[]>(kinds.map(kind => [kind, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const kind of kinds) {
      try {
        results.get(kind)!.push(await run(kind, queue, destination));
      } catch (error) {
        if (!beside.includes(kind)) throw error;
        console.log(`${kind.name} failed: ${error}`);
        await release(queue);
        await declare(queue);
      }
    }
  await release(queue);

  const of = (kind: Kind, property: keyof Delivered): number =>
    median(results.get(kind)!.map(result => result[property]));
  for (const kind of [floor, ours]) {
    figures[`${sink}: ${kind.name}, CPU µs`] = of(kind, 'cpu');
    figures[`${sink}: ${kind.name}, events/s`] = of(kind, 'rate');
  }
  const line = (kind: Kind): string =>
    `${kind.name}: ${figure(of(kind, 'cpu'))} µs of CPU an event, ${figure(of(kind, 'rate'))} events/s, at most ${figure(of(kind, 'peak'))} MB (${results.get(kind)!.length} runs of ${figure(kind.events)}; CPU ${results
      .get(kind)!
      .map(({ cpu }) => figure(cpu))
      .join(', ')})`;
  const path = `RabbitMQ → ${destination.title}`;
  const rows: Row[] = [
    {
      what: `${path}: CPU an event beside the floor`,
      reached: of(ours, 'cpu') / of(floor, 'cpu'),
      target: 1.3,
      good: 'at most',
      unit: ' ×',
      details: [line(floor), line(ours)],
    },
    {
      what: `${path}: memory while it drains a backlog at full speed`,
      reached: of(ours, 'peak'),
      target: 160,
      good: 'at most',
      unit: ' MB',
      details: [line(floor), line(ours)],
    },
  ];
  const measured = beside.filter(kind => results.get(kind)!.length > 0);
  const best = measured.toSorted((a, b) => of(b, 'rate') - of(a, 'rate'))[0];
  if (best !== undefined)
    rows.push({
      what: `${path}: events/s beside the best peer, ${best.name}`,
      reached: of(ours, 'rate') / of(best, 'rate'),
      target: 1,
      good: 'at least',
      unit: ' ×',
      details: [ours, ...measured].map(line),
    });
  const [old, ...others] = before;
  if (old === undefined) {
    console.log(`The Python worker is left out: /usr/bin/python3 lacks a package that bench/baseline/worker.py names`);
    return rows;
  }
  rows.push(
    {
      what: `${path}: events/s beside the old Python worker's shape`,
      reached: of(ours, 'rate') / of(old, 'rate'),
      target: 30,
      good: 'at least',
      unit: ' ×',
      details: [old, ...others, ours].map(line),
    },
    {
      what: `${path}: CPU an event of the old Python worker's shape beside the daemon's`,
      reached: of(old, 'cpu') / of(ours, 'cpu'),
      target: 40,
      good: 'at least',
      unit: ' ×',
      details: [old, ...others, ours].map(line),
    },
  );
  return rows;
}

const rows: Row[] = [];
for (const [sink, open, events] of [
  ['influxdb', influxdb, quick ? 50_000 : 150_000],
  ['mongodb', mongodb, quick ? 20_000 : 60_000],
] as const) {
  if (only !== undefined && only !== sink) continue;
  const destination = required(sink, await open());
  rows.push(...(await rowsOf(sink, destination, events)));
  await destination.stop();
}
report(rows, { ...figures, 'published events/s': backlog.rate });
await backlog.close();
await rabbitmq.stop();
