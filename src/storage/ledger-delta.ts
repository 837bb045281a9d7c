import type { Database, Value } from './database.js';

/** What the ledger counts of a sink; also the columns of its tables. */
export const countNames = ['accepted', 'delivered', 'duplicates', 'filtered', 'too_old', 'erased', 'dead'] as const;

export type CountName = (typeof countNames)[number];
export type Counts = { [Name in CountName]: number };

export const hourMs = 3_600_000;
/** The row of the totals. */
export const totalHour = 0;

export const countColumns = countNames.join(', ');
const addition = `ON CONFLICT (sink, hour) DO UPDATE SET ${countNames.map(name => `${name} = ${name} + excluded.${name}`).join(', ')}`;

export function noCounts(): Counts {
  return { accepted: 0, delivered: 0, duplicates: 0, filtered: 0, too_old: 0, erased: 0, dead: 0 };
}

/**
 * The ledger's changes of one transaction: gathered in memory, written in the same commit, two rows a sink whatever the
 * number of events, all of them in one statement.
 */
export class LedgerDelta {
  readonly #sinks = new Map<string, Counts>();

  add(sink: string, counts: Partial<Counts>): void {
    const sum = this.#sinks.get(sink) ?? noCounts();
    for (const name of countNames) sum[name] += counts[name] ?? 0;
    this.#sinks.set(sink, sum);
  }

  clear(): void {
    this.#sinks.clear();
  }

  write(database: Database, now: number): void {
    const values: Value[] = [];
    for (const hour of [totalHour, now - (now % hourMs)])
      for (const [sink, counts] of this.#sinks) {
        values.push(sink, hour);
        for (const name of countNames) values.push(counts[name]);
      }
    database.insert(`INSERT INTO ledger (sink, hour, ${countColumns})`, 2 + countNames.length, values, addition);
    this.clear();
  }
}
