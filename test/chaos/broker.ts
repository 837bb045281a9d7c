import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'amqplib';
import type { Random } from '../helpers/random.js';
import { FaultProxy } from '../helpers/servers/proxy.js';
import { type RabbitMQ, startRabbitMQ } from '../helpers/servers/rabbitmq.js';
import type { Skip } from '../helpers/skip.js';
import { proxyMode } from './network.js';

/** A RabbitMQ of our own, to be killed, on the far side of a network that fails. */
export class StruckBroker {
  readonly #server: RabbitMQ;
  readonly #proxy: FaultProxy;

  static async start(): Promise<StruckBroker | Skip> {
    const server = await startRabbitMQ();
    return 'skip' in server ? server : new StruckBroker(server, await FaultProxy.start(server.port));
  }

  private constructor(server: RabbitMQ, proxy: FaultProxy) {
    this.#server = server;
    this.#proxy = proxy;
  }

  /** For daemons: by way of the network. */
  get uri(): string {
    return `amqp://127.0.0.1:${this.#proxy.port}`;
  }

  /** For others: straight to it. */
  get directUri(): string {
    return this.#server.uri;
  }

  async suffer(fault: string, lasts: number, random: Random): Promise<void> {
    if (fault === 'kill -9') {
      await this.#server.kill9();
      await sleep(lasts);
      return this.#server.start();
    }
    await this.#proxy.set(proxyMode(fault, random));
    await sleep(lasts);
    await this.#proxy.set('pass');
  }

  /**
   * Throws away what waits in a queue, as an operator may. @returns how many messages; infinite =
   * nobody knows, since the answer was lost
   */
  async purge(queue: string): Promise<number> {
    try {
      const connection = await connect(this.directUri, { timeout: 5_000 });
      connection.on('error', () => {});
      try {
        const channel = await connection.createChannel();
        channel.on('error', () => {});
        return (await channel.purgeQueue(queue)).messageCount;
      } finally {
        await connection.close().catch(() => undefined);
      }
    } catch (error) {
      // Not asked, or not answered.
      return (error as { code?: string }).code === 'ECONNREFUSED' ? 0 : Number.POSITIVE_INFINITY;
    }
  }

  /** Messages in the queues of the sinks, those on their way to a daemon too. */
  async waiting(): Promise<number> {
    const lines = (await this.#server.ctl('list_queues', 'name', 'messages')).split('\n').map(line => line.split('\t'));
    return lines
      .filter(([name = '']) => name.startsWith('event-sink.') && !name.endsWith('.dead'))
      .reduce((sum, [, messages]) => sum + Number(messages), 0);
  }

  fix(): Promise<void> {
    return this.#proxy.set('pass');
  }

  async stop(): Promise<void> {
    await this.#proxy.stop();
    await this.#server.stop();
  }
}
