import type { QueueDefinition } from '../../broker/broker.js';
import { type LoggedIn, logIn } from '../../broker/rabbitmq/check/log-in.js';
import { missingPermissions, type Wanted } from '../../broker/rabbitmq/check/permissions.js';
import { roundTrip } from '../../broker/rabbitmq/check/round-trip.js';
import { matchesExchange, matchesQueue } from '../../broker/rabbitmq/check/topology.js';
import { traceExchange } from '../../broker/rabbitmq/consume/trace-listener.js';
import { nodeAddress } from '../../broker/rabbitmq/errors.js';
import { permissionCommand } from '../../broker/rabbitmq/permissions.js';
import { Inspector } from '../../broker/rabbitmq/topology/inspector.js';
import type { Clock } from '../../clock.js';
import type { BrokerConfig } from '../../config/broker.js';
import { heartbeatExchange } from '../../extractors/heartbeats.js';
import type { ProbeTools } from '../../health/probes/probe.js';
import { type Attempt, NotTried, WrongError } from './attempt.js';

const setting = 'RABBITMQ_URI';
const common = {
  dependency: 'RabbitMQ',
  setting,
  fix: 'see rabbitmqctl status for alarms of memory and disk, and the log of RabbitMQ',
};
/** What other servers answer to requests with a flaw, nobody has tried. */
const knownProduct = 'RabbitMQ';

/** What the daemon does on RabbitMQ, on connections of its own that are opened when they are first wanted. */
export class RabbitMQAttempts {
  readonly #config: BrokerConfig;
  readonly #queues: readonly QueueDefinition[];
  readonly #wanted: Wanted;
  readonly #logIn: readonly (() => Promise<LoggedIn>)[];
  readonly #open = new Set<LoggedIn>();
  /** A connection of its own to the node of the first. */
  readonly #publishing: () => Promise<LoggedIn>;
  readonly #missing: () => ReturnType<typeof missingPermissions>;

  constructor(config: BrokerConfig, queues: readonly QueueDefinition[], clock: Clock) {
    const { exchange, heartbeats, extractions, nodes } = config;
    this.#config = config;
    this.#queues = queues;
    this.#wanted = {
      exchange,
      queues,
      heartbeats: heartbeats ? heartbeatExchange : undefined,
      traces: extractions ? traceExchange : undefined,
    };
    const loggedInTo = async (node: string): Promise<LoggedIn> => {
      const loggedIn = await logIn(node, clock);
      this.#open.add(loggedIn);
      return loggedIn;
    };
    this.#logIn = nodes.map(node => once(() => loggedInTo(node)));
    this.#publishing = once(async () => loggedInTo((await this.#first()).node));
    this.#missing = once(async () => {
      const { live, product } = await this.#publishing();
      if (product === knownProduct) return missingPermissions(live, this.#wanted);
      throw new NotTried(`${product} is not RabbitMQ, and its permissions cannot be tried without a change`);
    });
  }

  get attempts(): Attempt[] {
    if (this.#config.nodes.length === 0) return [];
    return [
      ...this.#config.nodes.map((node, index) => this.#login(node, index)),
      this.#permissions(),
      this.#exchange(),
      ...this.#queues.map(queue => this.#queue(queue)),
      this.#message(),
    ];
  }

  /** For health targets that are queues. */
  inspector(clock: Clock): ProbeTools['broker'] {
    return {
      kind: 'rabbitmq',
      inspect: async queue => new Inspector((await this.#first()).connection, clock).inspectNow(queue),
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map(({ connection }) => connection.close()));
  }

  #login(node: string, index: number): Attempt {
    return {
      ...common,
      tried: `log in to ${nodeAddress(node)}`,
      fix: `start RabbitMQ there, or correct host and port in ${setting}`,
      run: async () => {
        const { product, version } = await this.#logIn[index]!();
        return `${product} ${version}`.trim();
      },
    };
  }

  #permissions(): Attempt {
    return {
      ...common,
      tried: 'may declare, bind, publish and consume',
      run: async () => {
        const missing = await this.#missing();
        if (missing.length === 0) return 'the user has all that it needs';
        const lacks = (['configure', 'write', 'read'] as const).flatMap(permission => {
          const resources = missing.filter(one => one.permission === permission).map(({ resource }) => resource);
          return resources.length === 0 ? [] : [`${permission} (${resources.join(', ')})`];
        });
        throw new WrongError(`the user of RABBITMQ_URI lacks permissions in RabbitMQ: ${lacks.join('; ')}`, {
          setting,
          fix: `give them (this replaces those it has) by ${this.#command}`,
        });
      },
    };
  }

  #exchange(): Attempt {
    const { exchange } = this.#config;
    return {
      ...common,
      tried: `exchange ${exchange}`,
      setting: 'RABBITMQ_EXCHANGENAME',
      run: async () => {
        const there = await matchesExchange((await this.#first()).live, exchange);
        return there ? 'is there, and as it should be' : 'is not there yet; the daemon declares it';
      },
    };
  }

  #queue(queue: QueueDefinition): Attempt {
    return {
      ...common,
      tried: `queue ${queue.name}`,
      setting: 'RABBITMQ_QUEUE_TYPE',
      run: async () => {
        const { live } = await this.#first();
        const missing = await this.#missing().catch(() => []);
        if (!queue.adopted && missing.some(one => one.permission === 'configure' && one.resource.endsWith(queue.name)))
          throw new NotTried('the user may not declare it');
        const there = await matchesQueue(live, queue, this.#config.queueType);
        return there ? 'is there, and as it should be' : 'is not there yet; the daemon declares it';
      },
    };
  }

  #message(): Attempt {
    return {
      ...common,
      tried: 'a message through a temporary queue',
      run: async () => {
        const { live, product } = await this.#publishing();
        if (product === knownProduct) {
          const missing = await this.#missing().catch(() => undefined);
          if (missing?.length !== 0) throw new NotTried('first the permissions');
        }
        await roundTrip(live);
        return 'came back';
      },
    };
  }

  get #command(): string {
    const { exchange, queues, heartbeats, traces } = this.#wanted;
    const adopted = queues.filter(queue => queue.adopted).map(({ name }) => name);
    return permissionCommand({ node: this.#config.nodes[0]!, exchange, adopted, heartbeats, traces });
  }

  /** The first node that accepts. @throws NotTried when there is none */
  async #first(): Promise<LoggedIn> {
    try {
      return await Promise.any(this.#logIn.map(logIn => logIn()));
    } catch {
      throw new NotTried('nobody is logged in');
    }
  }
}

function once<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
