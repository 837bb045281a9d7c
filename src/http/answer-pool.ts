import { unavailable } from './problem.js';

export interface AnswerLimits {
  /** Bytes of all answers together that their readers have not taken yet. */
  readonly maxAnswerBytes: number;
  /** The share of one owner of it: a key, or an address without one. */
  readonly maxAnswerBytesPerOwner: number;
}

/** An answer up to this size is a small one, in bytes. */
const smallBytes = 64 * 1024;
/** The last part of the pool, 1 in this many parts, is for owners who hold little. */
const reservedPart = 8;

/** One answer's share of the pool: given back when the answer has left, or its reader. */
export interface AnswerShare {
  /** Makes it at least this large, in bytes; false when there is no room, and nothing has changed. */
  grow(bytes: number): boolean;
  /** May be called more than once. */
  release(): void;
}

/**
 * The memory that answers may take between their making and their reader: readers that stand still can fill this and no
 * more. One owner has its share of it, and half as much again for small answers, so that whoever fills their own share
 * still sees the status; the last eighth of the pool is left to owners who hold little. An answer that is larger than a
 * whole share is let through alone.
 */
export class AnswerPool {
  readonly #limits: AnswerLimits;
  readonly #held = new Map<string, number>();
  #bytes = 0;
  #oversized = false;

  constructor(limits: AnswerLimits) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  share(owner: string): AnswerShare {
    let own = 0;
    let oversized = false;
    return {
      grow: bytes => {
        if (bytes <= own) return true;
        const alone = bytes > this.#limits.maxAnswerBytesPerOwner;
        if (alone ? this.#oversized && !oversized : !this.#hasRoom(owner, bytes - own, bytes)) return false;
        if (alone) {
          this.#oversized = true;
          oversized = true;
        }
        this.#add(owner, bytes - own);
        own = bytes;
        return true;
      },
      release: () => {
        if (oversized) this.#oversized = false;
        oversized = false;
        this.#add(owner, -own);
        own = 0;
      },
    };
  }

  #hasRoom(owner: string, more: number, whole: number): boolean {
    const { maxAnswerBytes: cap, maxAnswerBytesPerOwner: share } = this.#limits;
    const held = (this.#held.get(owner) ?? 0) + more;
    if (held > (whole <= smallBytes ? share * 1.5 : share)) return false;
    const room = held <= share / reservedPart ? cap : cap - cap / reservedPart;
    return this.#bytes + more <= room;
  }

  #add(owner: string, bytes: number): void {
    if (bytes === 0) return;
    this.#bytes += bytes;
    const held = (this.#held.get(owner) ?? 0) + bytes;
    if (held === 0) this.#held.delete(owner);
    else this.#held.set(owner, held);
  }
}

/** 503, for the owner whose readers take too little. */
export function answersFull(): Error {
  return unavailable(
    'Too many answers are waiting for their readers, of this key or of all. Read those that are open, or ask for less at once.',
  );
}
