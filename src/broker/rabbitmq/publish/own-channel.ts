import type { Clock } from '../../../clock.js';
import { describe, SetupError, UnroutableError } from '../../../errors.js';
import { closeChannel } from '../channel.js';
import type { Connection, LiveConnection } from '../connection.js';
import { isAboutMessage, operationError, replyCode, serverText } from '../errors.js';
import { ChannelWriter } from './channel-writer.js';
import type { EncodedMessage } from './outgoing-message.js';
import { isRefusal, type PublishResult } from './pending-confirms.js';

/** How long the broker may take to confirm, ms. */
const confirmTimeoutMs = 5_000;

/**
 * Nothing is published to an exchange that the user may not use for this long, ms: each try
 * would end a channel that others use.
 */
const refusedExchangeMs = 10_000;

interface OwnChannelsOptions {
  readonly connection: Pick<Connection, 'now' | 'blocked'>;
  readonly clock: Clock;
}

/** Publishes messages on a channel of their own each, and knows which exchanges the user may not use. */
export class OwnChannels {
  readonly #options: OwnChannelsOptions;
  readonly #refused = new Map<string, { readonly error: Error; readonly until: number }>();

  constructor(options: OwnChannelsOptions) {
    this.#options = options;
  }

  /** What is missing, for each exchange that may not be used. */
  get errors(): Error[] {
    return [...this.#refused.values()].map(({ error }) => error);
  }

  /** The exchange could not be used when it was last tried. */
  refuses(exchange: string): boolean {
    return this.#refused.has(exchange);
  }

  /** Another connection may be that of another user, or have other permissions. */
  forget(): void {
    this.#refused.clear();
  }

  /** Never rejects: what the exchange does not let through has failed, and is not tried again at once. */
  async publish(message: EncodedMessage): Promise<PublishResult> {
    const { exchange } = message;
    const refused = this.#refused.get(exchange);
    if (refused !== undefined && this.#options.clock.monotonic() < refused.until) return 'failed';
    try {
      const result = await this.tryToPublish(message);
      // A broker that is silent has not changed its mind, and the next message would wait for it as long.
      if (result === 'failed' && refused !== undefined) this.#refuse(exchange, refused.error);
      // What is wrong with a message says nothing about its exchange.
      else if (!isRefusal(result)) this.#refused.delete(exchange);
      return result;
    } catch (error) {
      if (error instanceof UnroutableError) return 'returned';
      if (error instanceof SetupError) this.#refuse(exchange, error);
      return 'failed';
    }
  }

  /** Whatever is known of the exchange. @throws UnroutableError, SetupError */
  async tryToPublish(message: EncodedMessage): Promise<PublishResult> {
    const { connection, clock } = this.#options;
    const live = connection.now();
    if (live === undefined || connection.blocked !== undefined) return 'failed';
    return publishOnOwnChannel(live, message, clock);
  }

  #refuse(exchange: string, error: Error): void {
    this.#refused.set(exchange, { error, until: this.#options.clock.monotonic() + refusedExchangeMs });
  }
}

/**
 * Publishes one message on a confirm channel of its own: an exchange that is missing, or that the user may not use, or
 * a message that the broker does not take closes the channel, and nothing else should be on it then. Nothing is
 * declared.
 * @throws UnroutableError when there is no such exchange, SetupError when it may not be used
 */
async function publishOnOwnChannel(
  live: LiveConnection,
  message: EncodedMessage,
  clock: Clock,
): Promise<PublishResult> {
  const over = new AbortController();
  const late = clock.sleep(confirmTimeoutMs, over.signal).then((): PublishResult => 'failed');
  try {
    return await Promise.race([published(live, message, over.signal), late]);
  } finally {
    over.abort();
  }
}

/**
 * Closes the channel when `over` aborts: without a confirm it would stay open as long as the connection. A message
 * whose time is over before there is a channel counts as failed, and is sent again: published here too, it would be
 * doubled.
 */
async function published(live: LiveConnection, message: EncodedMessage, over: AbortSignal): Promise<PublishResult> {
  const { exchange } = message;
  const channel = await live.model.createConfirmChannel().catch(() => undefined);
  if (channel === undefined) return 'failed';
  let error: Error | undefined;
  let result: PublishResult = 'confirmed';
  channel.on('return', () => {
    result = 'returned';
  });
  channel.on('error', cause => {
    error = cause;
  });
  const writer = new ChannelWriter(channel);
  const close = (): void => {
    if (!writer.closed) void closeChannel(channel);
  };
  if (over.aborted) close();
  if (over.aborted || writer.closed) return 'failed';
  over.addEventListener('abort', close, { once: true });
  let accepted: boolean;
  try {
    accepted = await new Promise<boolean>(resolve => {
      writer.add(message, error => resolve(error === null));
      writer.flush();
    });
  } catch (error) {
    return { refused: `it cannot be encoded (${describe(error)})` };
  }
  if (accepted) return result;
  // A nack comes without an error; one that closed the channel is known by then.
  if (error === undefined || replyCode(error) === undefined) return 'failed';
  if (replyCode(error) === 404) throw new UnroutableError(`there is no exchange called ${exchange}`);
  if (isAboutMessage(error)) return { refused: `RabbitMQ does not take it: ${serverText(error)}` };
  throw operationError(exchange === '' ? 'the default exchange' : `the exchange ${exchange}`, error, 'write');
}
