import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../helpers/ports.js';
import { Random } from '../helpers/random.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';
import { MovableClock } from './clock.js';
import { type Destination, startDestinations } from './destinations.js';
import { SmallDisk } from './disk.js';
import { EventMaker } from './events.js';
import { post } from './load.js';
import { OperatedDaemon } from './operated.js';
import { judge, type Verdict } from './oracle.js';
import { plan, type Stroke } from './plan.js';
import { SentRecord } from './record.js';
import { type Striker, strike } from './strike.js';

export interface RunOptions {
  readonly seed: number;
  readonly durationMs: number;
  /** Told what happens, as it happens. */
  readonly tell: (line: string) => void;
  /** How long everything may take to arrive when all faults are over. */
  readonly patienceMs?: number;
}

export interface Run {
  readonly seed: number;
  readonly durationMs: number;
  readonly strokes: readonly Stroke[];
  readonly verdict: Verdict;
  readonly record: SentRecord;
  /** From the end of the faults to empty queues, ms. */
  readonly settledMs: number;
  readonly notes: readonly string[];
}

const clients = 2;
const diskMegabytes = 96;

/** Faults under load for a while; then everything is mended, the queues run empty, and the oracle compares what was sent with what is there. */
export async function run({ seed, durationMs, tell, patienceMs = 240_000 }: RunOptions): Promise<Run> {
  const random = new Random(seed);
  const chosen = random.fork('scope');
  const disk = SmallDisk.possible && chosen.chance(0.5) ? new SmallDisk(diskMegabytes) : undefined;
  const clock = chosen.chance(0.5) ? new MovableClock() : undefined;
  const restartAtTheEnd = chosen.chance(0.5);
  const folder = temporaryFolder();
  const destinations = await startDestinations();
  const state = { diskFull: false };
  const first = new OperatedDaemon({
    name: 'the daemon',
    dir: disk?.dir ?? folder.path,
    port: await freePort(),
    env: Object.assign({}, ...destinations.map(({ settings }) => settings), clock?.settings),
    mayFail: () => state.diskFull,
  });
  const record = new SentRecord();
  const over = new AbortController();
  try {
    await first.start();
    const strokes = plan(random, durationMs, {
      destinations: destinations.map(({ sink }) => sink),
      disk: disk !== undefined,
      clock: clock !== undefined,
    });
    const striker: Striker = { destinations, daemon: first, disk, clock, state, random: random.fork('faults'), tell };
    const maker = new EventMaker(random.fork('events'), `chaos-${seed}`);
    const load = Array.from({ length: clients }, (_, number) =>
      post({
        daemon: first.daemon,
        maker,
        record,
        random: random.fork(`client ${number}`),
        signal: over.signal,
      }),
    );
    await Promise.all([sleep(durationMs), strike(strokes, striker)]);
    over.abort();
    await Promise.all(load);

    await mend(destinations, disk, striker);
    if (restartAtTheEnd) await first.suffer('SIGTERM', 0);
    const mended = performance.now();
    tell(`all is mended${restartAtTheEnd ? ', and the daemon was started once more' : ''}; waiting for empty queues`);
    const problems: string[] = [];
    await first.daemon.drained(patienceMs).catch(async error => {
      const { sinks, problems: known } = await first.daemon.json<{ sinks: object; problems: object }>('/v1/status');
      problems.push(`${error}: ${JSON.stringify({ sinks, known }, undefined, 1)}`);
    });
    const settledMs = performance.now() - mended;
    const verdict = await judge({ daemon: first.daemon, destinations, record });
    problems.push(...(await fresh(maker, first, destinations)));
    problems.push(...first.problems, ...first.defects().map(line => `the log tells of a defect: ${line}`));
    await first.stop();
    return {
      seed,
      durationMs,
      strokes,
      record,
      settledMs,
      notes: first.notes,
      verdict: { ...verdict, problems: [...problems, ...verdict.problems] },
    };
  } finally {
    over.abort();
    await first.daemon.remove();
    await Promise.all(destinations.map(destination => destination.stop()));
    clock?.remove();
    disk?.remove();
    folder.remove();
  }
}

async function mend(
  destinations: readonly Destination[],
  disk: SmallDisk | undefined,
  striker: Striker,
): Promise<void> {
  for (const destination of destinations) {
    destination.answers(undefined, striker.random);
    await destination.proxy.set('pass');
  }
  disk?.free();
  striker.state.diskFull = false;
}

/** One more event must pass to every sink. */
async function fresh(
  maker: EventMaker,
  { daemon }: OperatedDaemon,
  destinations: readonly Destination[],
): Promise<string[]> {
  let event = maker.make(Date.now());
  while (event.deadAt.length > 0) event = maker.make(Date.now());
  const { status } = await daemon.post(event.payload);
  if (status !== 202) return [`a fresh event is answered with ${status}`];
  const missing = async (): Promise<string[]> => {
    const late = destinations.filter(({ arrivals }) => !arrivals().some(({ id }) => id === event.id));
    const stored = (await daemon.stored()).some(({ id }) => id === event.id);
    return [...late.map(({ sink }) => sink), ...(stored ? [] : ['local'])];
  };
  try {
    await until(async () => (await missing()).length === 0, 'a fresh event in every sink', 75_000, 200);
    return [];
  } catch {
    return [`a fresh event does not arrive in ${(await missing()).join(', ')}`];
  }
}
