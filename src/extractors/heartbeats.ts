import { randomUUID } from 'node:crypto';
import { backoffs, ceilingMs } from '../backoff.js';
import type { Durability } from '../broker/broker.js';
import { heartbeatQueueName } from '../broker/queue-names.js';
import { Connection, type LiveConnection } from '../broker/rabbitmq/connection.js';
import { listenExclusively } from '../broker/rabbitmq/consume/exclusive-listener.js';
import { replyCode } from '../broker/rabbitmq/errors.js';
import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import type { Message } from '../events/message.js';
import type { Log } from '../log.js';
import { retryUntilDone } from '../retry.js';
import type { Checkpoints } from '../storage/storage.js';
import { type ExtractorChange, Extractors, type Heartbeat } from './extractors.js';

export interface HeartbeatOptions {
  readonly nodes: readonly string[];
  readonly publish: (messages: readonly Message[]) => Promise<Durability>;
  /** Keeps who is known over a restart, so that nobody appears twice. */
  readonly checkpoints: Checkpoints;
  readonly clock: Clock;
  readonly log: Log;
  readonly onHeard: () => void;
  /** Heartbeats cannot be heard, for this reason; it tries again. */
  readonly onUnheard: (reason: string) => void;
}

/** Where extractors send their heartbeats; theirs, and never declared here. */
export const heartbeatExchange = 'extractors';
const checkpoint = 'extractors';
/** Between two searches for extractors that have fallen silent, ms. */
const pollMs = 1_000;

/**
 * Listens to the heartbeats of extractors, and makes an event when one appears, changes its
 * version or falls silent: not one a beat.
 */
export class HeartbeatListener {
  readonly #options: HeartbeatOptions;
  readonly #connection: Connection;
  readonly #stop = new AbortController();
  #extractors = new Extractors();
  #announcing: Promise<void> = Promise.resolve();
  #running: Promise<void> | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#connection = new Connection({ ...options, name: 'event-sink heartbeats' });
  }

  /** Begins; does not wait for the server. */
  open(): void {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#connection.close();
    await this.#running;
    await this.#announcing;
  }

  async #run(): Promise<void> {
    const { checkpoints, clock, log } = this.#options;
    const { signal } = this.#stop;
    const saved = await checkpoints.get<ReturnType<Extractors['toJSON']>>(checkpoint).catch(() => undefined);
    this.#extractors = new Extractors(saved);
    void this.#connection.open();
    let logged: string | undefined;
    for (;;) {
      const live = await this.#connection.live(signal);
      if (live === undefined) return;
      try {
        await this.#listen(live);
        logged = undefined;
        this.#options.onUnheard('the connection to RabbitMQ is lost');
      } catch (error) {
        const reason = this.#reason(error);
        if (reason !== logged) log.warn({ reason }, 'heartbeats.unheard');
        logged = reason;
        this.#options.onUnheard(reason);
      }
      await clock.sleep(ceilingMs(backoffs.heartbeats, 0), signal);
    }
  }

  /** Until the channel is lost. */
  async #listen(live: LiveConnection): Promise<void> {
    const { clock, log } = this.#options;
    const over = new AbortController();
    const watch = async (): Promise<void> => {
      while (!over.signal.aborted) {
        await clock.sleep(pollMs, over.signal);
        if (over.signal.aborted) return;
        for (const change of this.#extractors.overdue(clock.now())) this.#announce(change);
      }
    };
    try {
      await listenExclusively(live, {
        exchange: heartbeatExchange,
        queue: heartbeatQueueName,
        onListening: () => {
          this.#extractors.listening(clock.now());
          log.info({ exchange: heartbeatExchange }, 'heartbeats.heard');
          this.#options.onHeard();
          void watch();
        },
        onMessage: content => {
          const beat = heartbeatOf(content);
          if (beat !== undefined) this.#announce(this.#extractors.heard(beat, clock.now()));
        },
        signal: this.#stop.signal,
      });
    } finally {
      over.abort();
    }
  }

  /**
   * One after the other; who is known is stored after the change was published, so a crash in
   * between repeats it and loses nothing.
   */
  #announce(change: ExtractorChange | undefined): void {
    if (change === undefined) return;
    const { publish, checkpoints, clock, log } = this.#options;
    const message = messageOf(change, clock.now());
    const known = this.#extractors.toJSON();
    const work = async (): Promise<void> => {
      await publish([message]);
      await checkpoints.put(checkpoint, known);
    };
    const onError = (error: unknown, waitMs: number): void =>
      log.warn({ reason: describe(error), waitMs }, 'heartbeat.delayed');
    this.#announcing = this.#announcing.then(() => retryUntilDone(work, { clock, signal: this.#stop.signal, onError }));
  }

  #reason(error: unknown): string {
    if (replyCode(error) === 404) return `there is no exchange called ${heartbeatExchange} yet: extractors make it`;
    if (replyCode(error) === 405) return 'another daemon listens to the heartbeats';
    return describe(error);
  }
}

/** Undefined for anything else. */
function heartbeatOf(content: Buffer): Heartbeat | undefined {
  try {
    const { queue, id, extractor_info } = JSON.parse(content.toString()) as Record<string, unknown>;
    const { name, version } = extractor_info as Record<string, unknown>;
    if (!isWord(name)) return undefined;
    return { name, version: wordOf(version), queue: isWord(queue) ? queue : name, id: wordOf(id) };
  } catch {
    return undefined;
  }
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 256;
}

function wordOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 256) : '';
}

function messageOf(change: ExtractorChange, now: number): Message {
  const { type, name, version, queue, id, previousVersion, lastSeen, message } = change;
  const event = {
    category: 'extractor_heartbeat',
    type,
    extractor_name: name,
    extractor_version: version,
    previous_version: previousVersion,
    queue,
    extractor_id: id === '' ? undefined : id,
    last_seen: lastSeen,
    message,
    created: now,
  };
  return { id: randomUUID(), body: JSON.stringify(event), source: 'heartbeat', received: now };
}
