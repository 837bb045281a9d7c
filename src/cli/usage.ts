import { writeFileSync } from 'node:fs';
import type { UsageRecomputed } from '../../openapi/api-types.js';
import { dayOf, monthOf, readMonth, startOfDay, written } from '../calendar.js';
import { clientFor, clientOptions } from './client.js';
import { type Command, exitCodes, type Invocation, text, UsageError } from './command.js';
import { monthTable } from './month.js';
import { recomputeFrom } from './recompute.js';

const formats = ['tsv', 'json'];

export const usage: Command = {
  usage: 'usage report | recompute MONTH [--from FILE]',
  description:
    'The Dataset Master Report of COUNTER: how often each dataset was viewed and downloaded, by month, people and machines apart.\n\n  report             of the month before this one, unless a range is given\n  recompute MONTH    counts an open month again from the stored events, by the rules of now; with --from, any month from a recording of its events',
  options: {
    ...clientOptions,
    from: {
      type: 'string',
      value: 'MONTH | FILE',
      description:
        'report: first month, such as 2026-01 (default: the last that is over); recompute: a file of events (NDJSON, also .gz) instead of the local store',
    },
    lower: { type: 'boolean', description: 'recompute --from: figures of a closed month may fall' },
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
    'event-sink usage recompute 2025-11 --from events-2025-11.ndjson.gz',
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
  const { terminal, values } = invocation;
  const month = readMonth(given);
  if (month === undefined) throw new UsageError(`a month is written 2026-03, but this is "${given}"`);
  const file = text(values, 'from');
  const recorded = file === undefined ? undefined : { month: written(month), file, lower: values.lower === true };
  if (recorded === undefined && values.lower === true) throw new UsageError('--lower belongs to --from');
  const path = `/v1/usage/months/${written(month)}/recompute`;
  const done =
    recorded === undefined
      ? await clientFor(invocation).request<UsageRecomputed>({ method: 'POST', path })
      : await recomputeFrom(recorded, invocation);
  terminal.out(terminal.outIsTerminal ? monthTable(done, terminal.columns) : JSON.stringify(done));
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
