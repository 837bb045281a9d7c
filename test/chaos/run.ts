import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../helpers/random.js';
import { until } from '../helpers/wait.js';
import { publishAsClowder } from './clowder.js';
import { EventMaker } from './events.js';
import { Installation } from './installation.js';
import { post } from './load.js';
import { judge, type Verdict } from './oracle.js';
import { plan, type Stroke } from './plan.js';
import { SentRecord } from './record.js';
import { strike } from './strike.js';

export interface RunOptions {
  readonly broker: 'embedded' | 'rabbitmq';
  readonly seed: number;
  readonly durationMs: number;
  /** Called with what happens, as it happens. */
  readonly print: (line: string) => void;
}

export interface Run {
  readonly broker: 'embedded' | 'rabbitmq';
  readonly seed: number;
  readonly durationMs: number;
  readonly tuning: Readonly<Record<string, string>>;
  readonly strokes: readonly Stroke[];
  readonly verdict: Verdict;
  readonly record: SentRecord;
  /** From the end of the faults to empty queues, ms. */
  readonly settledMs: number;
  readonly notes: readonly string[];
}

const clients = 2;
/** How long everything may take to arrive when all faults are over: the longest backoff is a minute. */
const patienceMs = 240_000;
const logPatienceMs = 90_000;
/**
 * RabbitMQ counts a consumer whose connection was cut off for half a minute, and what is missing is found within 15 s.
 */
const ledgerPatienceMs = 60_000;

/**
 * Faults under load for a while; then everything is fixed, the queues run empty, and the oracle
 * compares what was sent with what is there.
 */
export async function run({ broker, seed, durationMs, print }: RunOptions): Promise<Run> {
  const random = new Random(seed);
  const installation = await Installation.start(broker, random.fork('scope'));
  const { daemons, destinations } = installation;
  const over = new AbortController();
  try {
    const farClock = random.fork('far clock').chance(0.3);
    const strokes = plan(random, durationMs, {
      destinations: destinations.map(({ sink }) => sink),
      disk: installation.disk !== undefined,
      clock: installation.clock !== undefined,
      farClock,
      log: installation.log !== undefined,
      rabbitmq: installation.broker !== undefined,
      daemons: daemons.length,
    });
    // Two daemons know nothing of each other's points in InfluxDB.
    const maker = new EventMaker(random.fork('events'), seed, daemons.length === 1);
    const record = new SentRecord();
    const sources = { maker, record, signal: over.signal };
    const load = Array.from({ length: clients }, (_, number) => {
      const at = number % daemons.length;
      const client = { daemon: daemons[at]!.daemon, elsewhere: at > 0, random: random.fork(`client ${number}`) };
      return post({ ...sources, ...client });
    });
    const uri = installation.broker?.directUri;
    if (uri !== undefined) load.push(publishAsClowder({ ...sources, uri, random: random.fork('clowder') }));
    const { log } = installation;
    if (log !== undefined) load.push(log.write({ ...sources, random: random.fork('lines') }));
    await Promise.all([sleep(durationMs), strike(strokes, { installation, random: random.fork('faults'), print })]);
    over.abort();
    await Promise.all(load);

    await installation.fix(random);
    // An event of right now must pass.
    if (farClock) installation.clock?.set(0);
    const again = random.fork('end').chance(0.5);
    if (again) for (const daemon of daemons) await daemon.suffer('SIGTERM', 0);
    print(`all is fixed${again ? ', and the daemon was started once more' : ''}; waiting for empty queues`);
    const fixed = performance.now();
    const problems: string[] = [];
    await log?.readToItsEnd(daemons[0].daemon, logPatienceMs).catch(error => problems.push(String(error)));
    await installation.quiet(patienceMs).catch(async error => problems.push(`${error}: ${await installation.state()}`));
    const settledMs = performance.now() - fixed;
    const { purged } = installation;
    const far = farClock && installation.clock !== undefined;
    const alone = daemons.length === 1;
    const judged = {
      destinations,
      record,
      purged,
      farClock: far,
      movedClock: installation.clock !== undefined,
      exact: broker === 'embedded',
      alone,
      ledgerPatienceMs,
    };
    const verdict = await judge({ daemon: daemons[0].daemon, ...judged });
    // Where it was set back, the last windows of the log would close that much later.
    installation.clock?.set(0);
    problems.push(...verdict.problems, ...((await log?.wrong(daemons[0].daemon, purged.get('local') ?? 0)) ?? []));
    problems.push(...(await fresh(maker, installation)));
    for (const daemon of daemons) {
      await daemon.stop();
      problems.push(...daemon.problems, ...daemon.defects().map(line => `the log tells of a defect: ${line}`));
    }
    const notes = daemons.flatMap(daemon => daemon.notes);
    const { tuning } = installation;
    return { broker, seed, durationMs, tuning, strokes, record, settledMs, notes, verdict: { ...verdict, problems } };
  } finally {
    over.abort();
    await installation.remove();
  }
}

/** One more event must pass to every sink. */
async function fresh(maker: EventMaker, { daemons, destinations }: Installation): Promise<string[]> {
  const [{ daemon }] = daemons;
  let event = maker.make(Date.now());
  while (event.deadAt.length > 0 || event.leftOutAt?.length !== 0) event = maker.make(Date.now());
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
