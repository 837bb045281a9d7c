import type { ServerResponse } from 'node:http';
import type { Clock } from '../clock.js';
import type { StoredEvent } from '../storage/queries.js';
import type { Backend } from './backend.js';
import { eventText } from './event-text.js';
import { unavailable } from './problem.js';
import type { HttpSettings } from './settings.js';

/** Time between two flushes: 50 readers of 2,000 events/s cost some 200 writes a second, not 100,000. */
const flushMs = 250;
/** Kept for the next flush; more is dropped, and the readers learn how many. */
const pendingBytes = 512 * 1024;
/** A reader that has this much unread gets nothing more until it has caught up. */
const unreadBytes = 1024 * 1024;

interface Reader {
  readonly response: ServerResponse;
  readonly category: string | undefined;
  readonly until: number;
  /** Events it did not get since the last `dropped` message. */
  dropped: number;
}

interface Pending {
  readonly category: string;
  readonly text: string;
}

/**
 * The live stream (Server-Sent Events): every event as it is stored, to every reader. It listens to the backend once, as long as anybody
 * reads, and encodes each event once. It never waits for a reader and never exceeds its bounds: what a reader cannot take is dropped for
 * that reader, with a message that gives the number (`event: dropped`).
 */
export class Feed {
  readonly #backend: Pick<Backend, 'listen'>;
  readonly #clock: Clock;
  readonly #settings: Pick<HttpSettings, 'maxStreams' | 'streamMs' | 'heartbeatMs'>;
  readonly #readers = new Set<Reader>();
  #pending: Pending[] = [];
  #bytes = 0;
  /** By category, since the last flush. */
  #overflow = new Map<string, number>();
  #listening: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastHeartbeat = 0;

  constructor(
    backend: Pick<Backend, 'listen'>,
    clock: Clock,
    settings: Pick<HttpSettings, 'maxStreams' | 'streamMs' | 'heartbeatMs'>,
  ) {
    this.#backend = backend;
    this.#clock = clock;
    this.#settings = settings;
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** @throws HttpProblem (503) when too many are open */
  admit(): void {
    if (this.#readers.size >= this.#settings.maxStreams) {
      throw unavailable(`${this.#settings.maxStreams} streams are open, which is the limit.`, 30_000);
    }
  }

  /** The response's headers are set; from here on it belongs to the feed. */
  open(response: ServerResponse, category: string | undefined): void {
    const until = this.#clock.monotonic() + this.#settings.streamMs;
    const reader: Reader = { response, category, until, dropped: 0 };
    this.#readers.add(reader);
    response.on('close', () => this.#leave(reader));
    response.on('error', () => {});
    response.write('retry: 3000\n: open\n\n');
    this.#start();
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
    this.#readers.delete(reader);
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
    const chunks = new Map<
      string | undefined,
      { readonly text: string; readonly count: number; readonly lost: number }
    >();
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
      if (reader.response.writableLength > unreadBytes) reader.dropped += chunk.count;
      else this.#write(reader, chunk.text, heartbeat);
    }
  }

  #write(reader: Reader, text: string, heartbeat: boolean): void {
    const notice = reader.dropped === 0 ? '' : `event: dropped\ndata: {"count":${reader.dropped}}\n\n`;
    reader.dropped = 0;
    const message = text + notice;
    if (message !== '') reader.response.write(message);
    else if (heartbeat) reader.response.write(': beat\n\n');
  }

  #end(reader: Reader, reason: 'shutdown' | 'expired'): void {
    this.#leave(reader);
    reader.response.end(`event: end\ndata: {"reason":"${reason}"}\n\n`);
  }
}

function select(
  pending: readonly Pending[],
  overflow: ReadonlyMap<string, number>,
  category: string | undefined,
): { text: string; count: number; lost: number } {
  if (category !== undefined) {
    const chosen = pending.filter(item => item.category === category);
    return { text: chosen.map(item => item.text).join(''), count: chosen.length, lost: overflow.get(category) ?? 0 };
  }
  let lost = 0;
  for (const count of overflow.values()) lost += count;
  return { text: pending.map(item => item.text).join(''), count: pending.length, lost };
}
