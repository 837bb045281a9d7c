import type { Writable } from 'node:stream';
import type { ChannelModel } from 'amqplib';
import { type Backoff, backoff, backoffs } from '../../backoff.js';
import type { Clock } from '../../clock.js';
import { type SetupError, TransientError } from '../../errors.js';
import type { Log } from '../../log.js';
import { untilAborted } from '../../retry.js';
import { connectionFault, nodeAddress } from './errors.js';

export interface ConnectionOptions {
  /** Tried in order, then again from the first. */
  readonly nodes: readonly string[];
  /** Shown in RabbitMQ's own list of connections. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: () => number;
  /** amqplib's `connect`, unless a test has another. */
  readonly connect?: ((uri: string, socketOptions: object) => Promise<ChannelModel>) | undefined;
  /** Connected, lost, blocked or unblocked. */
  readonly onChange?: () => void;
}

/** A connection while it lives. */
export interface LiveConnection {
  readonly model: ChannelModel;
  /** Resolves when it is gone. */
  readonly gone: Promise<void>;
}

/** What connecting to one node may take, ms. */
const connectTimeoutMs = 5_000;
/** A broker that hangs is noticed after two of these; `?heartbeat=` in the URI overrides it. */
const heartbeatSeconds = 15;
/** After a connection that lived this long, the backoff starts anew, ms. */
const reconnectResetMs = 10_000;
/** What an orderly end may take, ms: a blocked or dead broker never answers. */
const closeTimeoutMs = 2_000;

/**
 * One supervised connection: when it is lost, the nodes are tried one after the other, with a backoff between the
 * rounds, for ever. Its users ask for the living one and make channels of their own there; nothing is carried over from
 * one to the next.
 *
 * connecting → live → connecting …; any → closed. `blocked` is a state of the living one: the broker, short of memory
 * or disk, takes no messages.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #stop = new AbortController();
  readonly #waiting = new Set<() => void>();
  #live: LiveConnection | undefined;
  #drop: ((reason: string) => void) | undefined;
  #running: Promise<void> | undefined;
  #blocked: string | undefined;
  #fault: TransientError | SetupError | undefined;
  #address: string | undefined;
  #attempted = false;
  #lostAt: number | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Why there is no connection; undefined while there is one. */
  get error(): string | undefined {
    return this.#live === undefined ? (this.#fault?.message ?? 'not connected yet') : undefined;
  }

  /** What the last try came to; undefined while there is a connection, and before the first try. */
  get fault(): TransientError | SetupError | undefined {
    return this.#live === undefined ? this.#fault : undefined;
  }

  /** When the last connection was lost, epoch ms; undefined while there is one, or if there never was. */
  get lostAt(): number | undefined {
    return this.#live === undefined ? this.#lostAt : undefined;
  }

  /** The broker's reason for taking no messages now. */
  get blocked(): string | undefined {
    return this.#blocked;
  }

  /** Host and port of the node it is on. */
  get address(): string | undefined {
    return this.#live === undefined ? undefined : this.#address;
  }

  /** Begins to connect. Resolves when each node has been tried once, or one has accepted. */
  async open(): Promise<void> {
    this.#running ??= this.#run();
    await this.#until(() => this.#attempted || this.#stop.signal.aborted);
  }

  /** The living connection, as soon as there is one; undefined when the signal aborts or this is closed first. */
  async live(signal: AbortSignal): Promise<LiveConnection | undefined> {
    const over = (): boolean => signal.aborted || this.#stop.signal.aborted;
    await this.#until(() => this.#live !== undefined || over(), signal);
    return over() ? undefined : this.#live;
  }

  /** The living connection now. */
  now(): LiveConnection | undefined {
    return this.#live;
  }

  /** Ends the living connection, which has proved useless, so that another takes its place. */
  drop(live: LiveConnection, reason: string): void {
    if (live === this.#live) this.#drop?.(reason);
  }

  /** Channels must have been closed before: what is still in their buffers is lost. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#notify();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#options;
    const fresh = (): Backoff => backoff({ ...backoffs.connection, ...(random === undefined ? {} : { random }) });
    let waits = fresh();
    while (!this.#stop.signal.aborted) {
      const lived = await this.#tryNodes();
      this.#attempted = true;
      this.#notify();
      if (this.#stop.signal.aborted) return;
      if (lived > reconnectResetMs) waits = fresh();
      const [waitMs, after] = waits.next();
      waits = after;
      await clock.sleep(waitMs, this.#stop.signal);
    }
  }

  /** Tries each node once and stays with the first that accepts. Resolves with how long that connection lived, ms. */
  async #tryNodes(): Promise<number> {
    const { nodes, log, name, clock } = this.#options;
    for (const node of nodes) {
      if (this.#stop.signal.aborted) break;
      const socket = new AbortController();
      const abort = (): void => socket.abort();
      this.#stop.signal.addEventListener('abort', abort, { once: true });
      try {
        // Loaded only here: a daemon on the embedded broker starts sooner without it.
        const connect = this.#options.connect ?? (await import('amqplib')).connect;
        const model = await connect(withHeartbeat(node), this.#socketOptions(socket.signal));
        this.#stop.signal.removeEventListener('abort', abort);
        writeTogether(model);
        const since = clock.monotonic();
        await this.#stayOn(node, model, socket);
        return clock.monotonic() - since;
      } catch (error) {
        const fault = connectionFault(node, error);
        const reason = fault.message;
        if (reason !== this.#fault?.message && !this.#stop.signal.aborted)
          log.warn({ connection: name, reason }, 'rabbitmq.unreachable');
        this.#fault = fault;
      } finally {
        this.#stop.signal.removeEventListener('abort', abort);
      }
    }
    return 0;
  }

  async #stayOn(node: string, model: ChannelModel, socket: AbortController): Promise<void> {
    const { log, name, clock } = this.#options;
    this.#address = nodeAddress(node);
    let fault: TransientError | SetupError | undefined;
    const gone = new Promise<void>(resolve => {
      model.on('error', error => {
        fault ??= connectionFault(node, error);
      });
      model.on('close', error => {
        fault ??= error === undefined ? undefined : connectionFault(node, error);
        resolve();
      });
    });
    model.on('blocked', why => this.#block(why));
    model.on('unblocked', () => this.#block(undefined));
    this.#drop = why => {
      fault ??= new TransientError(`RabbitMQ at ${this.#address}: ${why}`);
      socket.abort();
    };
    this.#live = { model, gone };
    this.#fault = undefined;
    this.#attempted = true;
    log.info({ connection: name, node: this.#address }, 'rabbitmq.connected');
    this.#notify();

    await untilAborted(this.#stop.signal, gone, () => {});
    this.#live = undefined;
    this.#lostAt = clock.now();
    this.#blocked = undefined;
    this.#drop = undefined;
    if (this.#stop.signal.aborted) {
      const over = new AbortController();
      await Promise.race([model.close().catch(() => {}), clock.sleep(closeTimeoutMs, over.signal)]);
      over.abort();
    } else {
      this.#fault = fault ?? new TransientError(`RabbitMQ at ${this.#address} has closed the connection`);
      log.warn({ connection: name, reason: this.#fault.message }, 'rabbitmq.lost');
      this.#notify();
      // The answer to the broker's close goes out; after that a half-open socket would linger for minutes.
      await clock.sleep(50, this.#stop.signal);
    }
    socket.abort();
  }

  #socketOptions(signal: AbortSignal) {
    const connection_name = this.#options.name;
    const options = {
      noDelay: true,
      keepAlive: true,
      timeout: connectTimeoutMs,
      clientProperties: { connection_name },
    };
    // Handed on to the socket by amqplib, which has no other way to destroy it.
    return { ...options, signal };
  }

  #block(reason: string | undefined): void {
    const { log, name } = this.#options;
    this.#blocked = reason;
    if (reason === undefined) log.info({ connection: name }, 'rabbitmq.unblocked');
    else log.warn({ connection: name, reason }, 'rabbitmq.blocked');
    this.#notify();
  }

  #notify(): void {
    this.#options.onChange?.();
    for (const check of [...this.#waiting]) check();
  }

  #until(ready: () => boolean, signal?: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const check = (): void => {
        if (!ready()) return;
        this.#waiting.delete(check);
        signal?.removeEventListener('abort', check);
        resolve();
      };
      this.#waiting.add(check);
      signal?.addEventListener('abort', check);
      check();
    });
  }
}

/**
 * What is written to the socket in one turn of the event loop leaves as one: amqplib writes each message by itself,
 * which costs a system call. The socket is a private field of amqplib's: where there is none, nothing changes.
 */
export function writeTogether({ connection }: { readonly connection?: unknown }): void {
  const { stream } = (connection ?? {}) as { readonly stream?: Writable };
  if (stream === undefined) return;
  const uncork = (): void => stream.uncork();
  const write = stream.write as (...given: readonly unknown[]) => boolean;
  stream.write = (...given: readonly unknown[]): boolean => {
    if (stream.writableCorked === 0) {
      stream.cork();
      process.nextTick(uncork);
    }
    return write.apply(stream, [...given]);
  };
}

function withHeartbeat(node: string): string {
  const url = new URL(node);
  if (!url.searchParams.has('heartbeat')) url.searchParams.set('heartbeat', String(heartbeatSeconds));
  return url.href;
}

/** The heartbeat of a connection to this node, ms; 0 = none. */
export function heartbeatMs(node: string): number {
  return Number(new URL(withHeartbeat(node)).searchParams.get('heartbeat')) * 1_000;
}
