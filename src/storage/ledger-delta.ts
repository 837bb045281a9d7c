import type { Database, Value } from './database.js';

export interface Counts {
  readonly accepted: number;
  readonly delivered: number;
  readonly duplicates: number;
  readonly filtered: number;
  readonly dead: number;
}

export const hourMs = 3_600_000;
/** The row of the totals. */
export const totalHour = 0;

const noCounts: Counts = { accepted: 0, delivered: 0, duplicates: 0, filtered: 0, dead: 0 };
const addition = `ON CONFLICT (sink, hour) DO UPDATE SET accepted = accepted + excluded.accepted,
  delivered = delivered + excluded.delivered, duplicates = duplicates + excluded.duplicates,
  filtered = filtered + excluded.filtered, dead = dead + excluded.dead`;

/** The ledger's changes of one transaction: gathered in memory, written in the same commit, two rows a sink whatever the number of events. */
export class LedgerDelta {
  #everyQueue = 0;
  readonly #sinks = new Map<string, Counts>();

  /** Accepted for every queue there is. */
  broadcast(count: number): void {
    this.#everyQueue += count;
  }

  add(sink: string, counts: Partial<Counts>): void {
    const sum = { ...(this.#sinks.get(sink) ?? noCounts) };
    for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += counts[name] ?? 0;
    this.#sinks.set(sink, sum);
  }

  clear(): void {
    this.#everyQueue = 0;
    this.#sinks.clear();
  }

  write(database: Database, now: number): void {
    for (const hour of [totalHour, now - (now % hourMs)]) {
      if (this.#everyQueue > 0) {
        database.run(
          `INSERT INTO ledger SELECT sink, ?, count(*) * ?, 0, 0, 0, 0 FROM queues GROUP BY sink ${addition}`,
          hour,
          this.#everyQueue,
        );
      }
      const values: Value[] = [];
      for (const [sink, { accepted, delivered, duplicates, filtered, dead }] of this.#sinks)
        values.push(sink, hour, accepted, delivered, duplicates, filtered, dead);
      for (let from = 0; from < values.length; from += 7)
        database.run(`INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?) ${addition}`, ...values.slice(from, from + 7));
    }
    this.clear();
  }
}
