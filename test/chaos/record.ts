import type { SentEvent } from './events.js';

/**
 * What became of a batch at the API, over all its tries:
 *
 * - acknowledged: at least one 202;
 * - refused: every try was answered with a 503, so none of it may be anywhere;
 * - unknown: a try got no answer, so it is there whole or not at all.
 */
type Fate = 'acknowledged' | 'refused' | 'unknown';

export interface Batch {
  readonly events: readonly SentEvent[];
  fate: Fate;
}

/** Everything that was sent, by id. */
export class SentRecord {
  readonly batches: Batch[] = [];
  readonly byId = new Map<string, { readonly event: SentEvent; readonly batch: Batch }>();
  /** Answers that nobody should get. */
  readonly surprises: string[] = [];
  /** Answers by status; 0 = none came. */
  readonly answers = new Map<number, number>();

  add(events: readonly SentEvent[]): Batch {
    const batch: Batch = { events, fate: 'refused' };
    this.batches.push(batch);
    for (const event of events) this.byId.set(event.id, { event, batch });
    return batch;
  }

  answered(batch: Batch, status: number): void {
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
    if (status === 202) batch.fate = 'acknowledged';
    else if (status === 0 && batch.fate === 'refused') batch.fate = 'unknown';
  }

  /** How many events have that fate. */
  count(fate: Fate): number {
    return this.batches.reduce((sum, batch) => sum + (batch.fate === fate ? batch.events.length : 0), 0);
  }
}
