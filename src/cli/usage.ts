import { writeFileSync } from 'node:fs';
import type { UsageRecomputed } from '../../openapi/api-types.js';
import { dayOf, monthOf, readMonth, startOfDay, written } from '../calendar.js';
import { clientFor, clientOptions } from './client.js';
import { type Command, exitCodes, type Invocation, text, UsageError } from './command.js';
import { table } from './terminal.js';

const formats = ['tsv', 'json'];

export const usage: Command = {
  usage: 'usage report | recompute MONTH',
  description:
    'The Dataset Master Report of COUNTER: how often each dataset was viewed and downloaded, by month, people and machines apart.\n\n  report             of the month before this one, unless a range is given\n  recompute MONTH    counts an open month again from the stored events, by the rules of now',
  options: {
    ...clientOptions,
    from: {
      type: 'string',
      value: 'MONTH',
      description: 'first month, such as 2026-01 (default: the last that is over)',
    },
    to: { type: 'string', value: 'MONTH', description: 'last month (default: the first)' },
    format: { type: 'string', value: 'FORMAT', description: 'tsv, a table (default), or json' },
    dataset: { type: 'string', value: 'ID', description: 'only this dataset, by its id or DOI' },
    out: { type: 'string', value: 'FILE', description: 'write it to a file' },
  },
  examples: [
    'event-sink usage report',
    'event-sink usage report --from 2026-01 --to 2026-12 --out usage-2026.tsv',
    'event-sink usage report --from 2026-03 --format json',
    'event-sink usage recompute 2026-03',
  ],
  async run(invocation) {
    const [action, given, ...more] = invocation.operands;
    if (action === 'report' && given === undefined) await report(invocation);
    else if (action === 'recompute' && given !== undefined && more.length === 0) await recompute(given, invocation);
    else throw new UsageError('use usage report, or usage recompute MONTH');
    return exitCodes.ok;
  },
};

async function report(invocation: Invocation): Promise<void> {
  const { values, clock, terminal } = invocation;
  const format = text(values, 'format') ?? 'tsv';
  if (!formats.includes(format)) throw new UsageError(`--format must be tsv or json, but is "${format}"`);
  const from = month(invocation, 'from') ?? lastMonth(clock.now());
  const to = month(invocation, 'to') ?? from;
  if (from > to) throw new UsageError('--from must not be after --to');
  const query = new URLSearchParams({ 'begin-date': written(from), 'end-date': written(to), format });
  const dataset = text(values, 'dataset');
  if (dataset !== undefined) query.set('dataset-id', dataset);
  const path = `/counter/reports/dsr?${query}`;
  const printed = await clientFor(invocation).request<string>({ method: 'GET', path, text: true });
  const file = text(values, 'out');
  if (file === undefined) return terminal.out(printed.trimEnd());
  writeFileSync(file, printed);
  if (terminal.outIsTerminal) terminal.out(`${file} written`);
}

async function recompute(given: string, invocation: Invocation): Promise<void> {
  const { terminal } = invocation;
  const month = readMonth(given);
  if (month === undefined) throw new UsageError(`a month is written 2026-03, but this is "${given}"`);
  const path = `/v1/usage/months/${written(month)}/recompute`;
  const done = await clientFor(invocation).request<UsageRecomputed>({ method: 'POST', path });
  if (!terminal.outIsTerminal) return terminal.out(JSON.stringify(done));
  const rows = (['regular', 'machine'] as const).flatMap(method =>
    (['total_dataset_investigations', 'total_dataset_requests', 'request_bytes'] as const).map(name => [
      ...[method, name, String(done.before[method][name]), String(done.after[method][name])],
    ]),
  );
  terminal.out(table(['', '', 'BEFORE', 'AFTER'], rows, terminal.columns));
}

function month({ values }: Invocation, name: string): number | undefined {
  const given = text(values, name);
  if (given === undefined) return undefined;
  const found = readMonth(given);
  if (found === undefined) throw new UsageError(`--${name} must be a month, such as 2026-03, but is "${given}"`);
  return found;
}

/** The last month that is over. */
function lastMonth(now: number): number {
  const today = dayOf(now);
  return monthOf(dayOf(startOfDay(today - (today % 100) + 1) - 1));
}
