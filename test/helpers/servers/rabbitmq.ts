import { randomBytes } from 'node:crypto';
import type { Skip } from '../skip.js';
import { RabbitMQNode, type RabbitMQOptions, RabbitMQSite, rabbitmqctl, rabbitmqScripts } from './rabbitmq-node.js';

export interface RabbitMQ {
  readonly uri: string;
  readonly port: number;
  /** rabbitmqctl. @throws Error with its output */
  ctl(...args: string[]): Promise<string>;
  /**
   * As on power loss; `start` brings it back. RabbitMQ 3.10 saves the registration of a quorum queue half a second
   * after it was declared: killed before that, the queue is there afterwards but never has a leader, and every `get`
   * hangs for a minute.
   */
  kill9(): Promise<void>;
  shutDown(): Promise<void>;
  /** With the data that it had. */
  start(): Promise<void>;
  /** A clean end, then `start`. */
  restart(): Promise<void>;
  share(): string;
  /** For good, with all data. */
  stop(): Promise<void>;
}

export interface SharedRabbitMQ {
  /** With a virtual host of its own, where the server lets us make one: empty, so names need not be unique. */
  readonly uri: string;
  /** For good: only when the server was started for this file alone. */
  stop(): Promise<void>;
}

export interface RabbitMQCluster {
  readonly nodes: readonly Pick<RabbitMQNode, 'name' | 'uri' | 'port' | 'ctl' | 'kill9' | 'start' | 'shutDown'>[];
  stop(): Promise<void>;
}

const notFound: Skip = { skip: 'no rabbitmq-server found: install it, or run `npm run verify` as root' };

/** A node of one's own, to be killed and restarted: about 6 s. A test that only talks to one takes `sharedRabbitMQ`. */
export async function startRabbitMQ(options: RabbitMQOptions = {}): Promise<RabbitMQ | Skip> {
  const scripts = rabbitmqScripts();
  if (!scripts) return notFound;
  const site = await RabbitMQSite.open(scripts);
  const node = await RabbitMQNode.start(site, 'test', options);
  return {
    uri: node.uri,
    port: node.port,
    ctl: (...args) => node.ctl(...args),
    kill9: () => node.kill9(),
    shutDown: () => node.shutDown(),
    start: () => node.start(),
    restart: () => node.restart(),
    share: () => node.share(),
    stop: async () => {
      await node.kill9();
      await site.close();
    },
  };
}

/**
 * A server that other test files use at the same time: RABBITMQ_TEST_URI if that is set (a server for tests alone),
 * else the node that the runner keeps for files that say `// shares: rabbitmq` on a line of their own, else one for
 * this file.
 */
export async function sharedRabbitMQ(): Promise<SharedRabbitMQ | Skip> {
  const { RABBITMQ_TEST_URI, RABBITMQ_TEST_SHARED } = process.env;
  if (RABBITMQ_TEST_URI) return { uri: RABBITMQ_TEST_URI, stop: async () => {} };
  if (!RABBITMQ_TEST_SHARED) return startRabbitMQ();
  const { uri, scripts, environment } = JSON.parse(RABBITMQ_TEST_SHARED);
  const name = `test-${randomBytes(4).toString('hex')}`;
  // One call for the host and its permissions: every call of rabbitmqctl starts an Erlang machine.
  const add = `{rabbit_vhost:add(<<"${name}">>, <<"test">>), ${permit(name)}}.`;
  const answer = await rabbitmqctl(scripts, environment, ['eval', add]);
  if (!answer.includes('{ok,ok}')) throw new Error(`no virtual host ${name}: ${answer}`);
  return { uri: `${uri}/${name}`, stop: async () => {} };
}

/** Nodes that are one cluster, the first of them its seed: about 15 s for three. */
export async function startRabbitMQCluster(size = 3, options: RabbitMQOptions = {}): Promise<RabbitMQCluster | Skip> {
  const scripts = rabbitmqScripts();
  if (!scripts) return notFound;
  const site = await RabbitMQSite.open(scripts);
  const starting = Array.from({ length: size }, (_, index) => RabbitMQNode.start(site, `q${index + 1}`, options));
  const nodes = await Promise.all(starting);
  const [seed, ...others] = nodes;
  for (const node of others) {
    await node.ctl('stop_app');
    await node.ctl('reset');
    await node.ctl('join_cluster', seed?.name ?? '');
    await node.ctl('start_app');
  }
  return {
    nodes,
    stop: async () => {
      await Promise.all(nodes.map(node => node.kill9()));
      await site.close();
    },
  };
}

function permit(host: string): string {
  const all = '<<".*">>';
  const set = 'rabbit_auth_backend_internal:set_permissions';
  return `${set}(<<"guest">>, <<"${host}">>, ${all}, ${all}, ${all}, <<"test">>)`;
}
