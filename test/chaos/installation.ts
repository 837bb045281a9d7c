import { freePort } from '../helpers/ports.js';
import type { Random } from '../helpers/random.js';
import { type TemporaryFolder, temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';
import { AccessLog } from './access-log.js';
import { StruckBroker } from './broker.js';
import { MovableClock } from './clock.js';
import { type Destination, startDestinations } from './destinations.js';
import { SmallDisk } from './disk.js';
import { OperatedDaemon } from './operated.js';

const diskMegabytes = 96;

/** Everything of a run that can be struck: destinations, one or two daemons, their disk and clock, the broker. */
export class Installation {
  readonly destinations: readonly Destination[];
  /** The first has the local store. */
  readonly daemons: readonly [OperatedDaemon, ...OperatedDaemon[]];
  readonly disk: SmallDisk | undefined;
  readonly clock: MovableClock | undefined;
  readonly broker: StruckBroker | undefined;
  /** The first daemon reads it. */
  readonly log: AccessLog | undefined;
  /** Messages that were purged from the queue of a sink. */
  readonly purged = new Map<string, number>();
  /** Settings that differ from run to run. */
  readonly tuning: Readonly<Record<string, string>>;
  diskFull = false;
  readonly #folders: readonly TemporaryFolder[];

  /** What there is beside the destinations is drawn from the seed. */
  static async start(kind: 'embedded' | 'rabbitmq', random: Random): Promise<Installation> {
    const disk = SmallDisk.possible && random.chance(0.5) ? new SmallDisk(diskMegabytes) : undefined;
    const clock = random.chance(0.5) ? new MovableClock() : undefined;
    const log = random.chance(0.5) ? new AccessLog() : undefined;
    const two = kind === 'rabbitmq' && random.chance(0.5);
    const broker = kind === 'rabbitmq' ? await StruckBroker.start() : undefined;
    if (broker !== undefined && 'skip' in broker) throw new Error(broker.skip);
    const ports = [await freePort(), ...(two ? [await freePort()] : [])];
    const installation = new Installation(
      await startDestinations(),
      ports,
      { disk, clock, broker, log },
      tuning(random),
    );
    try {
      for (const daemon of installation.daemons) await daemon.start();
      return installation;
    } catch (error) {
      await installation.remove();
      throw error;
    }
  }

  private constructor(
    destinations: readonly Destination[],
    ports: readonly number[],
    { disk, clock, broker, log }: Pick<Installation, 'disk' | 'clock' | 'broker' | 'log'>,
    tuned: Readonly<Record<string, string>>,
  ) {
    this.tuning = tuned;
    this.destinations = destinations;
    this.disk = disk;
    this.clock = clock;
    this.broker = broker;
    this.log = log;
    this.#folders = ports.map(() => temporaryFolder());
    const [first, ...others] = ports.map((port, index) => this.#daemon(port, index));
    this.daemons = [first!, ...others];
  }

  #daemon(port: number, index: number): OperatedDaemon {
    const first = index === 0;
    return new OperatedDaemon({
      name: first ? 'the daemon' : 'the second daemon',
      port,
      dir: (first ? this.disk?.dir : undefined) ?? this.#folders[index]!.path,
      env: {
        ...Object.assign({}, ...this.destinations.map(({ settings }) => settings)),
        ...(this.broker === undefined ? {} : { RABBITMQ_URI: this.broker.uri }),
        ...this.tuning,
        ...this.clock?.settings,
        ...(first ? this.log?.settings : { LOCAL_STORE: 'off' }),
      },
      mayFail: () => first && this.diskFull,
    });
  }

  /** No fault is left. */
  async fix(random: Random): Promise<void> {
    for (const destination of this.destinations) {
      destination.answers(undefined, random);
      await destination.proxy.set('pass');
    }
    await this.broker?.fix();
    this.disk?.free();
    this.diskFull = false;
  }

  /** Waits until nothing waits anywhere: neither in a queue nor in an outbox. */
  async quiet(patienceMs: number): Promise<void> {
    const waiting = async (): Promise<boolean> => {
      for (const { daemon } of this.daemons) {
        const { broker, sinks } = await daemon.json('/v1/status');
        if (broker.state !== 'ready' || broker.outbox > 0 || sinks.some(({ pending }) => pending !== 0)) return true;
      }
      return (await this.broker?.waiting()) !== (this.broker === undefined ? undefined : 0);
    };
    await until(async () => !(await waiting()), 'empty queues', patienceMs, 100);
  }

  /** What the daemons say of themselves. */
  async state(): Promise<string> {
    const all = await Promise.all(this.daemons.map(({ daemon }) => daemon.json('/v1/status')));
    return JSON.stringify(all.map(({ broker, sinks, problems }) => ({ broker, sinks, problems })));
  }

  async remove(): Promise<void> {
    await Promise.all(this.daemons.map(({ daemon }) => daemon.remove()));
    await Promise.all(this.destinations.map(destination => destination.stop()));
    await this.broker?.stop();
    this.clock?.remove();
    this.log?.remove();
    this.disk?.remove();
    for (const folder of this.#folders) folder.remove();
  }
}

/** Now and then a sink gives its batch back after a second of failures, and takes a handful of events at a time. */
function tuning(random: Random): Record<string, string> {
  const settings: Record<string, string> = {};
  if (random.chance(0.5)) settings.HOLD_SECONDS = '1';
  for (const prefix of ['INFLUXDB', 'MONGODB', 'AMPLITUDE', 'GOOGLE', 'LOCAL']) {
    if (random.chance(0.3)) settings[`${prefix}_BATCH_SIZE`] = String(random.integer(1, 40));
    if (random.chance(0.3)) settings[`${prefix}_LINGER_MS`] = String(random.integer(0, 300));
  }
  return settings;
}
