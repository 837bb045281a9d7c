import type { Message } from '../../events/message.js';

const hourMs = 3_600_000;
/** How long after the end of its hour, in the log's own time, a download is still open. */
const graceMs = 5_000;
/** A line from further ahead than this is not waited for. */
const futureMs = 3_600_000;
/** Downloads that are open; beyond it the oldest are closed early. */
const maxOpen = 1_000;

/** A file that is fetched in parts (206): what is known of it so far. */
export interface PartialDownload {
  /** The log's time at which it closes, epoch ms. */
  readonly closesAt: number;
  parts: number;
  bytes: number;
  /** Made of its first part; absent where nobody wants it. */
  event?: Pick<Message, 'id' | 'sinks'> & { readonly fields: Record<string, unknown> };
}

export type SavedPartialDownloads = readonly (readonly [key: string, download: PartialDownload])[];

/**
 * The parts of one file that one visitor fetches within one hour of the clock (UTC) are one download. It is open until
 * the log's time is 5 s past that hour; a part that comes later is a download by itself, with those that follow it.
 */
export class PartialDownloads {
  #open = new Map<string, PartialDownload>();
  #closed: Message[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Adds a part to its download, and gives that.
   * @param logTime the latest time in the log, epoch ms
   * @param visitor stands for address and agent
   */
  add(time: number, logTime: number, visitor: string, path: string, bytes: number): PartialDownload {
    const hour = Math.floor(time / hourMs);
    const key = `${hour} ${visitor} ${path}`;
    let download = this.#open.get(key);
    if (download === undefined) {
      const ends = time > this.#now() + futureMs ? time : (hour + 1) * hourMs;
      download = { closesAt: Math.max(ends, logTime) + graceMs, parts: 0, bytes: 0 };
      this.#open.set(key, download);
      const [oldest] = this.#open;
      if (this.#open.size > maxOpen && oldest !== undefined) this.#close(...oldest);
    }
    download.parts += 1;
    download.bytes += bytes;
    return download;
  }

  /** Closes what the log's time has passed; at the end of the file the wall clock stands in for it. */
  closeUntil(time: number): void {
    for (const [key, download] of this.#open) if (download.closesAt <= time) this.#close(key, download);
  }

  takeClosed(): Message[] {
    const closed = this.#closed;
    this.#closed = [];
    return closed;
  }

  save(): SavedPartialDownloads {
    return [...this.#open];
  }

  restore(saved: SavedPartialDownloads): void {
    this.#closed = [];
    this.#open = new Map(saved);
  }

  #close(key: string, { event, parts, bytes }: PartialDownload): void {
    this.#open.delete(key);
    if (event === undefined) return;
    const { duration, ...rest } = event.fields;
    // Parts are fetched side by side: their times do not add up.
    const fields = { ...rest, bytes, ...(parts > 1 ? { parts } : duration === undefined ? {} : { duration }) };
    const { id, sinks } = event;
    const named = sinks === undefined ? {} : { sinks };
    this.#closed.push({ id, ...named, body: JSON.stringify(fields), fields, source: 'nginx', received: this.#now() });
  }
}
