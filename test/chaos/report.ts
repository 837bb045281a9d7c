import { grouped } from './grouped.js';
import type { Run } from './run.js';

const maxShown = 12;

/** One run for a person: what was done to whom, what was sent, what is where, and what is wrong. */
export function report({ broker, seed, durationMs, tuning, strokes, record, settledMs, verdict, notes }: Run): string {
  const seconds = durationMs / 1000;
  const lines = [
    `${broker}, seed ${seed}: ${strokes.length} faults in ${seconds} s, settled ${(settledMs / 1000).toFixed(1)} s after the last`,
    ...(Object.keys(tuning).length === 0
      ? []
      : [
          `  ${Object.entries(tuning)
            .map(setting => setting.join('='))
            .join(' ')}`,
        ]),
    ...faults(strokes),
    `  ${numbers(record.batches.reduce((sum, { events }) => sum + events.length, 0))} events sent: ${numbers(record.count('acknowledged'))} acknowledged, ${numbers(record.count('refused'))} refused, ${numbers(record.count('unknown'))} without an answer`,
    `  answers: ${[...record.answers].map(([status, count]) => `${count} × ${{ 0: 'none', [-1]: 'not connected' }[status] ?? status}`).join(', ')}`,
    ...verdict.sinks.map(
      ({ sink, arrived, repeated, renamed, dead, purged }) =>
        `  ${sink.padEnd(10)} ${numbers(arrived).padStart(8)} there${[
          [repeated, 'times again'],
          [renamed, 'times again under another id, without id and time of their own'],
          [dead, 'dead letters'],
          [purged, 'purged'],
        ]
          .map(([count, what]) => (count === 0 ? '' : `, ${count} ${what}`))
          .join('')}`,
    ),
    `  ledger: ${verdict.ledger}`,
    ...notes.map(note => `  note: ${note}`),
  ];
  const { problems } = verdict;
  if (problems.length === 0) return [...lines, '  ok: nothing lost, doubled, invented or changed'].join('\n');
  const shown = problems.slice(0, maxShown).map(problem => `  FAILED ${problem.replaceAll('\n', '\n    ')}`);
  const more = problems.length > maxShown ? [`  … and ${problems.length - maxShown} more`] : [];
  return [...lines, ...shown, ...more, `  again: ${again(broker, seed, durationMs)}`].join('\n');
}

/**
 * The command that repeats the run: the same blows at the same times. Which event and which answer they meet is up to
 * the machine, as is whether there is a small disk to fill (root alone can make one).
 */
export function again(broker: string, seed: number, durationMs: number): string {
  return `npm run chaos -- --broker ${broker} --seed ${seed} --minutes ${Number((durationMs / 60_000).toFixed(4))}`;
}

function faults(strokes: Run['strokes']): string[] {
  return [...grouped(strokes, ({ target }) => target)].map(([target, list]) => {
    const counts = [...grouped(list, ({ fault }) => fault)].map(([fault, { length }]) =>
      length === 1 ? fault : `${fault} × ${length}`,
    );
    return `  ${target.padEnd(10)} ${counts.join(', ')}`;
  });
}

function numbers(count: number): string {
  return count.toLocaleString('en-GB');
}
