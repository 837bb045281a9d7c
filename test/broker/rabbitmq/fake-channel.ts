import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { ChannelModel, ConsumeMessage, Options } from 'amqplib';

const require = createRequire(import.meta.url);
const amqplib = (file: string) => require(join(dirname(require.resolve('amqplib')), 'lib', file));
const { BasicProperties, BasicPublish, BasicQos, encodeMethod, encodeProperties } = amqplib('defs.js');
const { parseFrame, decodeFrame } = amqplib('frame.js');

export interface Published {
  readonly exchange: string;
  readonly routingKey: string;
  readonly content: Buffer;
  readonly options: Options.Publish;
}

/** What the server makes of a message; a code closes the channel. */
export type ServerAnswer = 'ack' | 'nack' | 'return' | 'silence' | readonly [code: number, text: string];

/**
 * A channel without a server. It encodes what it is given with amqplib's own encoder, and fails as that does; frames
 * that are written past that are decoded as amqplib would.
 */
export class FakeChannel extends EventEmitter {
  readonly published: Published[] = [];
  /** Acknowledgements in the order in which they were sent: `ack 3`, `ack 1-5`, `nack 2`. */
  readonly settled: string[] = [];
  closed = false;
  pending: readonly unknown[] | null = [];
  prefetched: number | undefined;
  consumer: (message: ConsumeMessage | null) => void = () => {};
  readonly #unconfirmed = new Set<(error: Error | null) => void>();
  /** Messages that were got and not acknowledged, by their tags. */
  readonly #got = new Map<number, ConsumeMessage>();
  readonly #server: FakeServer;
  /** The confirms of messages whose frames have not been written yet. */
  readonly #expected: ((error: Error | null) => void)[] = [];
  readonly ch = 1;
  readonly connection;

  constructor(server: FakeServer) {
    super();
    this.#server = server;
    const stream = Object.defineProperty(new EventEmitter(), 'writableLength', {
      get: () => (server.hasRoom ? 0 : Number.POSITIVE_INFINITY),
    });
    this.connection = { frameMax: 131_072, stream, sendBytes: (bytes: Buffer) => this.#receive(bytes) };
  }

  pushConfirmCallback(confirm: (error: Error | null) => void): void {
    this.#expected.push(confirm);
  }

  publish(...[exchange, routingKey, content, options, confirm]: PublishArguments): boolean {
    if (this.closed) throw Object.assign(new Error('Channel closed'), { name: 'IllegalOperationError' });
    encodeMethod(BasicPublish, 1, { exchange, routingKey, mandatory: true, immediate: false, ticket: 0 });
    encodeProperties(BasicProperties, 1, content.length, options);
    this.#take({ exchange, routingKey, content, options }, confirm);
    return this.#server.hasRoom;
  }

  /** The server closes the channel. */
  fail(code: number, text: string): void {
    if (this.closed) return;
    this.emit('error', Object.assign(new Error(`Channel closed by server: ${code} with message "${text}"`), { code }));
    this.end();
  }

  /** What was met with silence is confirmed after all. */
  confirmAll(): void {
    for (const confirm of this.#unconfirmed) confirm(null);
    this.#unconfirmed.clear();
  }

  end(): void {
    this.closed = true;
    this.pending = null;
    for (const confirm of this.#unconfirmed) confirm(new Error('channel closed'));
    this.#giveBack();
    this.emit('close');
  }

  ack({ fields }: ConsumeMessage, allUpTo = false): void {
    this.#got.delete(fields.deliveryTag);
    this.settled.push(`ack ${allUpTo ? 'up to ' : ''}${fields.deliveryTag}`);
  }

  nack({ fields }: ConsumeMessage, allUpTo: boolean): void {
    this.settled.push(`nack ${allUpTo ? 'up to ' : ''}${fields.deliveryTag}`);
  }

  nackAll(): void {
    this.settled.push('nack all');
    this.#giveBack();
  }

  async consume(queue: string, consumer: FakeChannel['consumer']) {
    await this.#server.declare('consume', queue, this);
    this.consumer = consumer;
    return { consumerTag: 'fake' };
  }

  async get(queue: string) {
    await this.#server.declare('get', queue, this);
    const message = this.#server.ready.shift();
    if (message === undefined) return false;
    this.#got.set(message.fields.deliveryTag, message);
    return message;
  }

  async purgeQueue(queue: string) {
    await this.#server.declare('get', queue, this);
    return { messageCount: this.#server.ready.splice(0).length };
  }

  assertExchange = (name: string) => this.#server.declare('configure', name, this);
  assertQueue = (name: string) => this.#server.declare('configure', name, this);
  bindQueue = (name: string) => this.#server.declare('bind', name, this);
  checkQueue = (name: string) => this.#server.checkQueue(name, this);
  deleteQueue = async (name: string) => void this.#server.absent.add(name);
  checkExchange = (name: string) => this.#server.checkQueue(name, this);
  prefetch = async (prefetchCount: number) => {
    encodeMethod(BasicQos, 1, { prefetchCount });
    this.prefetched = prefetchCount;
    return {};
  };
  cancel = async () => ({});
  close = async () => void setImmediate(() => this.closed || this.end());

  #take(message: Published, confirm: (error: Error | null) => void): void {
    this.published.push(message);
    this.#unconfirmed.add(confirm);
    setImmediate(() => this.#answer(message, confirm, this.#server.answer(message)));
  }

  /** Whole messages: the method, the properties, and as many frames as the body needs. */
  #receive(bytes: Buffer): void {
    const frames: Frame[] = [];
    for (let rest = bytes; rest.length > 0; ) {
      const frame = parseFrame(rest, 0);
      frames.push(decodeFrame(frame));
      rest = frame.rest;
    }
    while (frames.length > 0) {
      const { exchange, routingKey, mandatory } = frames.shift()!.fields as PublishFields;
      const { fields, size = 0 } = frames.shift()!;
      const parts: Buffer[] = [];
      for (let length = 0; length < size; length += parts.at(-1)!.length) parts.push(frames.shift()!.content!);
      const properties = Object.entries(fields!).filter(([, value]) => value !== undefined);
      const options = { ...Object.fromEntries(properties), mandatory };
      this.#take({ exchange, routingKey, content: Buffer.concat(parts), options }, this.#expected.shift()!);
    }
  }

  #giveBack(): void {
    this.#server.ready.unshift(...this.#got.values());
    this.#got.clear();
  }

  #answer(
    { exchange, routingKey, options }: Published,
    confirm: (error: Error | null) => void,
    answer: ServerAnswer,
  ): void {
    if (answer === 'silence' || this.closed) return;
    if (typeof answer !== 'string') return this.fail(...answer);
    if (answer === 'return') this.emit('return', { fields: { exchange, routingKey }, properties: options });
    this.#unconfirmed.delete(confirm);
    confirm(answer === 'nack' ? new Error('message nacked') : null);
  }
}

interface PublishFields {
  readonly exchange: string;
  readonly routingKey: string;
  readonly mandatory: boolean;
}

/** As amqplib decodes it. */
interface Frame {
  readonly fields?: object;
  readonly size?: number;
  readonly content?: Buffer;
}

type PublishArguments = [string, string, Buffer, Options.Publish, (error: Error | null) => void];

/** Connections to no server: what it answers can be set, at any time. */
export class FakeServer {
  readonly channels: FakeChannel[] = [];
  /** When each connection was tried, monotonic ms. */
  readonly attempts: number[] = [];
  reachable = true;
  /** While false, buffers are full: what is published waits in them. */
  hasRoom = true;
  /** What its one queue holds for those who get, from the oldest on. */
  readonly ready: ConsumeMessage[] = [];
  answer: (message: Published) => ServerAnswer = () => 'ack';
  /** What a declaration is refused with, if it is. */
  refuse: (
    operation: 'configure' | 'bind' | 'consume' | 'get',
    name: string,
  ) => readonly [code: number, text: string] | undefined = () => undefined;
  /** Queues and exchanges that are not there. What is declared is, from then on. */
  readonly absent = new Set<string>();
  /** Consumers of each queue. */
  readonly consumers = new Map<string, number>();
  /** What was declared, in order: `configure events`. */
  readonly declared: string[] = [];
  readonly #models: EventEmitter[] = [];

  connect = async (_node = '', options?: { readonly signal?: AbortSignal }): Promise<ChannelModel> => {
    this.attempts.push(performance.now());
    if (!this.reachable) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const createChannel = async (): Promise<FakeChannel> => {
      const channel = new FakeChannel(this);
      this.channels.push(channel);
      model.once('close', () => channel.closed || channel.end());
      return channel;
    };
    const close = async (): Promise<void> => void model.emit('close');
    const model = Object.assign(new EventEmitter(), { createChannel, createConfirmChannel: createChannel, close });
    model.setMaxListeners(0);
    this.#models.push(model);
    const destroy = (): void => void model.emit('close', new Error('the socket was destroyed'));
    options?.signal?.addEventListener('abort', destroy, { once: true });
    return model as unknown as ChannelModel;
  };

  /** Everything that was published and taken, on whichever channel. */
  get published(): Published[] {
    return this.channels.flatMap(({ published }) => published);
  }

  cut(): void {
    for (const model of this.#models.splice(0)) model.emit('close', new Error('read ECONNRESET'));
  }

  async declare(operation: 'configure' | 'bind' | 'consume' | 'get', name: string, channel: FakeChannel) {
    const refusal = this.refuse(operation, name);
    if (refusal !== undefined) return this.#refused(refusal, channel);
    this.declared.push(`${operation} ${name}`);
    if (operation === 'configure') this.absent.delete(name);
    return {};
  }

  async checkQueue(name: string, channel: FakeChannel) {
    if (this.absent.has(name)) return this.#refused([404, 'NOT_FOUND'], channel);
    return { messageCount: this.ready.length, consumerCount: this.consumers.get(name) ?? 0 };
  }

  #refused([code, text]: readonly [code: number, text: string], channel: FakeChannel): never {
    const error = Object.assign(new Error(`Operation failed: ${code} with message "${text}"`), { code });
    setImmediate(() => channel.fail(code, text));
    throw error;
  }
}

/** A message as amqplib hands it to a consumer. */
export function arriving(deliveryTag: number, body: string | Buffer, properties: object = {}): ConsumeMessage {
  return {
    content: Buffer.from(body),
    properties: { headers: {}, ...properties },
    fields: { deliveryTag, redelivered: false },
  } as unknown as ConsumeMessage;
}
