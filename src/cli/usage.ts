import { writeFileSync } from 'node:fs';
import { dayOf, monthOf, readMonth, startOfDay, written } from '../calendar.js';
import { clientFor, clientOptions } from './client.js';
import { type Command, exitCodes, type Invocation, text, UsageError } from './command.js';

const formats = ['tsv', 'json'];

export const usage: Command = {
  usage: 'usage report [--from MONTH] [--to MONTH]',
  description:
    'Prints the Dataset Master Report of COUNTER: how often each dataset was viewed and downloaded, by month, people and machines apart.\n\n  report             of the month before this one, unless a range is given',
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
  ],
  async run(invocation) {
    const [action, ...more] = invocation.operands;
    if (action !== 'report' || more.length > 0) throw new UsageError('use usage report');
    await report(invocation);
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
