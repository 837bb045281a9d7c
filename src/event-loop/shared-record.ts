/** Rounds of writes at most that are noted at once. */
const maxWorks = 32;
/**
 * Bytes for one work: the name of its sink and the ids of its events, a line each. The largest write fits, which is
 * 20,000 ids of 128 bytes; what does not is left out. Memory that is never written to is never there.
 */
const workBytes = 3 * 1024 * 1024;
/** How many of those are for ids. */
export const idBytes = workBytes - 1024;

const beatAt = 0;
const stalledBeatAt = 1;
const stalledMsAt = 2;
const lengthsAt = 3;
const ordersAt = lengthsAt + maxWorks;
const headerBytes = (ordersAt + maxWorks) * Int32Array.BYTES_PER_ELEMENT;

/** What is being written to one sink, in one round. */
export interface Work {
  readonly sink: string;
  readonly ids: readonly string[];
}

/**
 * Memory that the main thread shares with its watchdog, since no message gets through while the main thread stands: a
 * beat that goes on while the event loop turns, what is at work, and what the watchdog found. Only the main thread
 * writes beats and works, only the watchdog writes stalls.
 */
export class SharedRecord {
  readonly buffer: SharedArrayBuffer;
  readonly #header: Int32Array;
  #order = 0;

  constructor(buffer = new SharedArrayBuffer(headerBytes + maxWorks * workBytes)) {
    this.buffer = buffer;
    this.#header = new Int32Array(buffer, 0, ordersAt + maxWorks);
    if (this.beat === 0) this.goOn();
  }

  get beat(): number {
    return Atomics.load(this.#header, beatAt);
  }

  /** The event loop turns. */
  goOn(): void {
    Atomics.add(this.#header, beatAt, 1);
  }

  /** The event loop has stood at this beat for `ms` by now. */
  stands(beat: number, ms: number): void {
    Atomics.store(this.#header, stalledMsAt, ms);
    Atomics.store(this.#header, stalledBeatAt, beat);
  }

  /** For how long the event loop has just stood, ms; each stall is said once. */
  takeStall(): number | undefined {
    if (Atomics.load(this.#header, stalledBeatAt) !== this.beat) return undefined;
    this.goOn();
    return Atomics.load(this.#header, stalledMsAt);
  }

  /** Notes a work: in a free place, or instead of what is at this one. Its place; undefined when all are taken. */
  begin({ sink, ids }: Work, place = this.#free()): number | undefined {
    if (place === undefined) return undefined;
    let text = sink;
    for (const id of ids) {
      if (text.length + id.length >= workBytes) break;
      text += `\n${id}`;
    }
    // What was there may be at work no more.
    this.end(place);
    const { written } = new TextEncoder().encodeInto(text, this.#textOf(place));
    this.#order = (this.#order + 1) | 0;
    Atomics.store(this.#header, ordersAt + place, this.#order);
    Atomics.store(this.#header, lengthsAt + place, written);
    return place;
  }

  end(place: number): void {
    Atomics.store(this.#header, lengthsAt + place, 0);
  }

  /** What has begun and not ended, the latest first. */
  get works(): Work[] {
    const places = Array.from({ length: maxWorks }, (_, place) => ({
      place,
      length: Atomics.load(this.#header, lengthsAt + place),
      order: Atomics.load(this.#header, ordersAt + place),
    }));
    return places
      .filter(({ length }) => length > 0)
      .sort((a, b) => b.order - a.order)
      .map(({ place, length }) => {
        // A decoder takes no shared memory.
        const text = Buffer.from(this.#textOf(place).slice(0, length)).toString();
        const [sink = '', ...ids] = text.split('\n');
        return { sink, ids };
      });
  }

  #free(): number | undefined {
    const place = this.#header.subarray(lengthsAt, lengthsAt + maxWorks).indexOf(0);
    return place < 0 ? undefined : place;
  }

  #textOf(place: number): Uint8Array {
    return new Uint8Array(this.buffer, headerBytes + place * workBytes, workBytes);
  }
}

/** `sink amplitude, event 0192… and 3 more; sink local, event …` */
export function worksText(works: readonly Work[]): string {
  if (works.length === 0) return 'no sink';
  return works
    .map(({ sink, ids: [first, ...rest] }) => {
      if (first === undefined) return `sink ${sink}`;
      return `sink ${sink}, event ${first}${rest.length === 0 ? '' : ` and ${rest.length} more`}`;
    })
    .join('; ');
}
