import { type Channel, type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { until } from '../../test/helpers/wait.js';
import { sampleBody } from './events.js';

/** Fills a queue as Clowder does (no properties, to the fanout exchange), and watches it. */
export class Backlog {
  readonly #connection: ChannelModel;
  readonly #publisher: ConfirmChannel;
  readonly #watcher: Channel;
  #number = 0;
  #milliseconds = 0;

  static async open(uri: string): Promise<Backlog> {
    const connection = await connect(uri);
    return new Backlog(connection, await connection.createConfirmChannel(), await connection.createChannel());
  }

  private constructor(connection: ChannelModel, publisher: ConfirmChannel, watcher: Channel) {
    this.#connection = connection;
    this.#publisher = publisher;
    this.#watcher = watcher;
  }

  /** Every event is another one, whoever reads them. */
  async publish(count: number): Promise<void> {
    const began = performance.now();
    for (let sent = 0; sent < count; sent += 1000) {
      for (let one = sent; one < Math.min(sent + 1000, count); one += 1) {
        this.#number += 1;
        this.#publisher.publish('clowder.metrics', '', Buffer.from(sampleBody(this.#number)));
      }
      await this.#publisher.waitForConfirms();
    }
    this.#milliseconds += performance.now() - began;
  }

  /** Events a second that the broker has confirmed, so far. */
  get rate(): number {
    return (this.#number * 1000) / this.#milliseconds;
  }

  /** Resolves when nothing waits that was not handed out. */
  async handedOut(queue: string): Promise<void> {
    const empty = async () => (await this.#watcher.checkQueue(queue)).messageCount === 0;
    await until(empty, `an empty ${queue}`, 300_000, 20);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}
