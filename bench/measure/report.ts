import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { load } from './usage.js';

/** One row of the table: what was reached beside what was aimed at. */
export interface Row {
  readonly what: string;
  readonly reached: number;
  readonly target: number;
  /** Which side of the target is good. */
  readonly good: 'at least' | 'at most';
  /** Written behind both numbers: `%`, ` ms`, ` × the floor`. */
  readonly unit: string;
  /** The figures that it was made from, a line each. */
  readonly details: readonly string[];
}

export const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}, Node ${process.version}`;

const loadAtStart = load();

/** Runs shorter, for a look while something is changed; the figures are rougher. */
export const quick = process.env.BENCH_QUICK === '1';

export function isMet({ reached, target, good }: Row): boolean {
  return good === 'at least' ? reached >= target : reached <= target;
}

export function inWords({ reached, target, good, unit }: Row): { reached: string; target: string } {
  const sign = good === 'at least' ? '≥' : '≤';
  return { reached: `${figure(reached)}${unit}`, target: `${sign} ${figure(target)}${unit}` };
}

/** Plain numbers by name, for programs that go on from them (bench/simulate.ts). */
export type Figures = Readonly<Record<string, number>>;

/** Prints the rows; where BENCH_RESULT names a file, they are written there too, for the table of all. */
export function report(rows: readonly Row[], figures: Figures = {}): void {
  const busy = { start: loadAtStart, end: load() };
  console.log(`${machine}; load ${busy.start.toFixed(1)} at the start, ${busy.end.toFixed(1)} at the end`);
  for (const row of rows) {
    const { reached, target } = inWords(row);
    console.log(`\n${row.what}: ${reached}   (target ${target}: ${isMet(row) ? 'met' : 'not met'})`);
    for (const line of row.details) console.log(`  ${line}`);
  }
  const file = process.env.BENCH_RESULT;
  if (file === undefined) return;
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(file, `${JSON.stringify({ date, machine, load: busy, rows, figures }, null, 2)}\n`);
}

/** Three digits that mean something; thousands with a comma. */
export function figure(value: number): string {
  return value.toLocaleString('en', value >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 });
}
