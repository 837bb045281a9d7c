import type { Writable } from 'node:stream';
import type { ConfirmChannel } from 'amqplib';
import type { EncodedMessage } from './outgoing-message.js';
import { PublishFrames } from './publish-frames.js';

/** Null: the broker has it. Never throws: amqplib would end the connection. */
export type OnConfirm = (error: Error | null) => void;

/** What amqplib, whose version is fixed, has within a channel: its number, its connection, and its list of confirms. */
interface Inside {
  readonly ch: number;
  readonly connection: {
    readonly frameMax: number;
    readonly stream: Pick<Writable, 'writableLength' | 'on' | 'off'>;
    sendBytes(bytes: Buffer): void;
  };
  /** Calls that wait for the server; null once the channel is closed. */
  readonly pending: readonly unknown[] | null;
  /** For the next message that is sent. */
  pushConfirmCallback(confirm: OnConfirm): void;
}

/** What is encoded leaves when it has this many bytes, or with `flush`. */
const pieceBytes = 64 * 1024;
/** More that the socket has not taken is not sent until it has taken all. */
const maxUnsentBytes = 1024 * 1024;

/**
 * Publishes on a confirm channel: what is added in one turn goes to the socket in one piece. amqplib's own `publish`
 * encodes and queues each message by itself, and sends them a turn later; nobody else may publish on this channel, as
 * messages are confirmed in the order in which they were sent.
 */
export class ChannelWriter {
  readonly #channel: ConfirmChannel;
  readonly #inside: Inside;
  readonly #frames: PublishFrames;
  #closed: boolean;
  /** A message has filled the socket, and nobody has asked since whether there is room. */
  #filled = false;
  #full: Promise<void> | undefined;

  constructor(channel: ConfirmChannel) {
    this.#channel = channel;
    this.#inside = channel as unknown as Inside;
    this.#frames = new PublishFrames(this.#inside.ch, this.#inside.connection.frameMax);
    // The event is over when the connection was lost in the very turn in which the channel was opened.
    this.#closed = this.#inside.pending === null;
    channel.on('close', () => {
      this.#closed = true;
    });
  }

  /** Nothing can be added any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves when there is room again, or the channel is closed; undefined while there is room. */
  get full(): Promise<void> | undefined {
    if (this.#filled) {
      this.#filled = false;
      if (!this.#closed && this.#unsent > maxUnsentBytes) this.#wait();
    }
    return this.#full;
  }

  /** @throws TypeError, RangeError when it cannot be encoded: it is not sent then, nor called back for */
  add(message: EncodedMessage, onConfirm: OnConfirm): void {
    this.#frames.add(message);
    this.#inside.pushConfirmCallback(onConfirm);
    const { length } = this.#frames;
    if (length < pieceBytes && length + this.#unsent <= maxUnsentBytes) return;
    this.flush();
    // Not listened for yet: of the many channels that may share the socket, few ask.
    this.#filled = this.#unsent > maxUnsentBytes;
  }

  flush(): void {
    if (this.#frames.length > 0) this.#inside.connection.sendBytes(this.#frames.take());
  }

  get #unsent(): number {
    return this.#inside.connection.stream.writableLength;
  }

  #wait(): void {
    const { stream } = this.#inside.connection;
    this.#full ??= new Promise<void>(resolve => {
      const go = (): void => {
        stream.off('drain', go);
        this.#channel.off('close', go);
        this.#full = undefined;
        resolve();
      };
      stream.on('drain', go);
      this.#channel.on('close', go);
    });
  }
}
