import type { SentEvent } from './events.js';

/** What was sent together, and how its sendings were answered. */
export interface Batch {
  readonly events: readonly SentEvent[];
  /**
   * With ids, a key or a time in each: however often it is sent, it is the same. Otherwise each sending is new events.
   */
  readonly identified: boolean;
  /** With this `Idempotency-Key`. */
  readonly key?: string;
  /** Sendings with a 202, a confirm or, for a log line, the write. */
  acknowledged: number;
  /** Answered with a 503. */
  refused: number;
  /** Each is there whole or not at all. */
  unanswered: number;
}

/** How often each event of a batch may be at a sink. */
export interface Expected {
  min: number;
  max: number;
}

/** Everything that was sent. */
export class SentRecord {
  readonly batches: Batch[] = [];
  readonly byMark = new Map<string, SentEvent>();
  /** Answers that nobody should get. */
  readonly surprises: string[] = [];
  /** Answers by status; 0 = none came, -1 = nothing was sent. */
  readonly answers = new Map<number, number>();

  add(events: readonly SentEvent[], { identified = true, key }: { identified?: boolean; key?: string } = {}): Batch {
    const batch: Batch = {
      events,
      identified,
      ...(key === undefined ? {} : { key }),
      acknowledged: 0,
      refused: 0,
      unanswered: 0,
    };
    this.batches.push(batch);
    for (const event of events) this.byMark.set(event.mark, event);
    return batch;
  }

  answered(batch: Batch, status: number): void {
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
    if (status === 202) batch.acknowledged += 1;
    else if (status === 0) batch.unanswered += 1;
    else if (status > 0) batch.refused += 1;
  }

  /** By mark, over all batches. `exact`: what was refused is nowhere. */
  expected(exact: boolean): Map<string, Expected> {
    const all = new Map<string, Expected>();
    for (const { events, ...batch } of this.batches) {
      const { min, max } = timesOf(batch, exact);
      for (const { mark, mayRepeat } of events) {
        const times = all.get(mark) ?? { min: 0, max: 0 };
        times.min += min;
        times.max += mayRepeat ? Number.POSITIVE_INFINITY : max;
        all.set(mark, times);
      }
    }
    return all;
  }

  /** Events of batches that are there at least once, surely; nowhere, surely; or nobody knows. */
  count(fate: 'acknowledged' | 'refused' | 'unknown'): number {
    return this.batches.reduce((sum, batch) => sum + (fateOf(batch) === fate ? batch.events.length : 0), 0);
  }
}

function timesOf({ identified, acknowledged, refused, unanswered }: Omit<Batch, 'events'>, exact: boolean): Expected {
  const min = acknowledged;
  const max = acknowledged + unanswered + (exact ? 0 : refused);
  return identified ? { min: Math.min(1, min), max: Math.min(1, max) } : { min, max };
}

function fateOf({ acknowledged, unanswered }: Batch): 'acknowledged' | 'refused' | 'unknown' {
  if (acknowledged > 0) return 'acknowledged';
  return unanswered > 0 ? 'unknown' : 'refused';
}
