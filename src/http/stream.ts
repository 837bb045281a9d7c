import type { ServerResponse } from 'node:http';
import type { Clock } from '../clock.js';
import type { StoredEvent } from '../storage/queries.js';
import type { AnswerPool } from './answer-pool.js';
import type { Backend } from './backend.js';
import { eventText } from './event-text.js';
import { unavailable } from './problem.js';
import type { HttpSettings } from './settings.js';

/** Time between two flushes: 50 readers of 2,000 events/s cost some 200 writes a second, not 100,000. */
const flushMs = 250;
/** Kept for the next flush; more is dropped, and the readers learn how many. */
const pendingBytes = 512 * 1024;
/** A reader that has this much unread gets nothing more until it has caught up. */
const unreadBytes = 512 * 1024;

export interface StreamOptions {
  readonly category: string | undefined;
  /** Whose key it is: counted against the streams and the bytes of that key. */
  readonly owner: string;
  /** Whether the reader may still read: asked before anything is sent. */
  readonly allowed: () => boolean;
}

interface Reader extends StreamOptions {
  readonly response: ServerResponse;
  readonly until: number;
  /** Events it did not get since the last `dropped` message. */
  dropped: number;
}

interface Pending {
  readonly category: string;
  readonly text: string;
}

/** What readers of one category get at a flush: the same bytes for all of them. */
interface Chunk {
  readonly bytes: Buffer;
  readonly count: number;
  readonly lost: number;
}

type FeedSettings = Pick<HttpSettings, 'maxStreams' | 'streamMs' | 'heartbeatMs'>;

/**
 * The live stream (Server-Sent Events): every event as it is stored, to every reader. It listens to the backend once,
 * as long as anybody reads, and encodes each event once. It never waits for a reader and never exceeds its bounds: what
 * a reader cannot take is dropped for that reader, with a message that gives the number (`event: dropped`). What is on
 * its way to a reader counts in the pool of answers. A reader whose key, session or scope has ended gets nothing more.
 */
export class Feed {
  readonly #backend: Pick<Backend, 'listen'>;
  readonly #clock: Clock;
  readonly #settings: FeedSettings;
  readonly #answers: AnswerPool;
  readonly #readers = new Set<Reader>();
  #pending: Pending[] = [];
  #bytes = 0;
  /** By category, since the last flush. */
  #overflow = new Map<string, number>();
  #listening: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastHeartbeat = 0;

  constructor(backend: Pick<Backend, 'listen'>, clock: Clock, settings: FeedSettings, answers: AnswerPool) {
    this.#backend = backend;
    this.#clock = clock;
    this.#settings = settings;
    this.#answers = answers;
  }

  get readers(): number {
    return this.#readers.size;
  }

  /**
   * Half of the streams are for one key at most: the others find some left.
   * @throws HttpProblem (503) when too many are open
   */
  admit(owner: string): void {
    const { maxStreams } = this.#settings;
    const share = Math.ceil(maxStreams / 2);
    let own = 0;
    for (const reader of this.#readers) if (reader.owner === owner) own += 1;
    if (own >= share) throw unavailable(`${share} streams of this key are open, which is the limit.`, 30_000);
    if (this.#readers.size >= maxStreams) {
      throw unavailable(`${maxStreams} streams are open, which is the limit.`, 30_000);
    }
  }

  /**
   * The response's headers are set; from here on it belongs to the feed, until what is returned
   * is called: its connection has ended.
   */
  open(response: ServerResponse, options: StreamOptions): () => void {
    const until = this.#clock.monotonic() + this.#settings.streamMs;
    const reader: Reader = { ...options, response, until, dropped: 0 };
    this.#readers.add(reader);
    response.on('error', () => {});
    response.write('retry: 3000\n: open\n\n');
    this.#start();
    return () => this.#leave(reader);
  }

  /** Ends the streams of those who may not read any more. */
  endDisallowed(): void {
    for (const reader of [...this.#readers]) if (!reader.allowed()) this.#end(reader, 'revoked');
  }

  /** Ends every stream; the readers see why. */
  close(): void {
    this.#flush();
    for (const reader of [...this.#readers]) this.#end(reader, 'shutdown');
  }

  #start(): void {
    if (this.#listening !== undefined) return;
    this.#listening = new AbortController();
    this.#lastHeartbeat = this.#clock.monotonic();
    this.#backend.listen(event => this.#receive(event), this.#listening.signal);
    this.#timer = setInterval(() => this.#flush(), flushMs);
  }

  #leave(reader: Reader): void {
    if (!this.#readers.delete(reader)) return;
    if (this.#readers.size > 0) return;
    this.#listening?.abort();
    this.#listening = undefined;
    clearInterval(this.#timer);
    this.#pending = [];
    this.#bytes = 0;
    this.#overflow.clear();
  }

  #receive(event: StoredEvent): void {
    if (this.#bytes >= pendingBytes) {
      this.#overflow.set(event.category, (this.#overflow.get(event.category) ?? 0) + 1);
      return;
    }
    const text = `id: ${event.id}\ndata: ${eventText(event)}\n\n`;
    this.#pending.push({ category: event.category, text });
    this.#bytes += text.length;
  }

  #flush(): void {
    const [pending, overflow] = [this.#pending, this.#overflow];
    this.#pending = [];
    this.#overflow = new Map();
    this.#bytes = 0;
    const now = this.#clock.monotonic();
    const heartbeat = now - this.#lastHeartbeat >= this.#settings.heartbeatMs;
    if (heartbeat) this.#lastHeartbeat = now;
    const chunks = new Map<string | undefined, Chunk>();
    this.endDisallowed();
    for (const reader of [...this.#readers]) {
      if (now >= reader.until) {
        this.#end(reader, 'expired');
        continue;
      }
      let chunk = chunks.get(reader.category);
      if (chunk === undefined) {
        chunk = select(pending, overflow, reader.category);
        chunks.set(reader.category, chunk);
      }
      reader.dropped += chunk.lost;
      this.#write(reader, chunk, heartbeat);
    }
  }

  #write(reader: Reader, { bytes, count }: Chunk, heartbeat: boolean): void {
    const { response, owner } = reader;
    const share = this.#answers.share(owner);
    if (response.writableLength > unreadBytes || !share.grow(bytes.length)) {
      reader.dropped += count;
      return;
    }
    if (bytes.length > 0) response.write(bytes, () => share.release());
    if (reader.dropped > 0) {
      response.write(`event: dropped\ndata: {"count":${reader.dropped}}\n\n`);
      reader.dropped = 0;
    } else if (heartbeat && bytes.length === 0 && response.writableLength === 0) response.write(': beat\n\n');
  }

  #end(reader: Reader, reason: 'shutdown' | 'expired' | 'revoked'): void {
    this.#leave(reader);
    reader.response.end(`event: end\ndata: {"reason":"${reason}"}\n\n`);
  }
}

function select(
  pending: readonly Pending[],
  overflow: ReadonlyMap<string, number>,
  category: string | undefined,
): Chunk {
  const chosen = category === undefined ? pending : pending.filter(item => item.category === category);
  let lost = 0;
  for (const [name, count] of overflow) if (category === undefined || name === category) lost += count;
  return { bytes: Buffer.from(chosen.map(item => item.text).join('')), count: chosen.length, lost };
}
