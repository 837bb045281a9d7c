import { writeFileSync } from 'node:fs';
import type { UsageRecomputed, UsageSubmitted } from '../../openapi/api-types.js';
import { dayOf, monthOf, readMonth, startOfDay, written } from '../calendar.js';
import { clientFor, clientOptions } from './client.js';
import { type Command, exitCodes, type Invocation, text, UsageError } from './command.js';
import { monthTable } from './month.js';
import { recomputeFrom } from './recompute.js';
import { audit, completeness } from './usage-audit.js';

/** The first two are the standard's report, the others the one for people. */
const formats = ['tsv', 'json', 'csv', 'html'];
const monthlyFormats = ['csv', 'html'];

export const usage: Command = {
  usage: 'usage report | submit | audit | completeness | recompute MONTH [--from FILE | archive]',
  description:
    'The Dataset Master Report of COUNTER: how often each dataset was viewed and downloaded, by month, people and machines apart.\n\n  report             of the month before this one, unless a range is given; csv and html are the\n                     report of one month for people: by space, dataset and owner, with comparisons\n  submit             the report of a month (the one before this one) to the hub; it replaces what is there\n  recompute MONTH    counts an open month again from the stored events, by the rules of now; with --from, any month from a recording of its events, or from the archive\n  audit              what the other sources say, day by day: what Clowder lost, what passed the proxy by\n  completeness       of which hours something may be missing, and what waits or came late',
  options: {
    ...clientOptions,
    month: { type: 'string', value: 'MONTH', description: 'this month alone, such as 2026-03' },
    from: {
      type: 'string',
      value: 'MONTH | FILE',
      description:
        'first month, such as 2026-01 (default: the last that is over, with audit this one), with audit a day too; recompute: a file of events (NDJSON, also .gz), or `archive`, instead of the local store',
    },
    lower: { type: 'boolean', description: 'recompute --from: figures of a closed month may fall' },
    to: { type: 'string', value: 'MONTH', description: 'last month (default: the first)' },
    format: { type: 'string', value: 'FORMAT', description: 'tsv, a table (default), or json; csv or html' },
    dataset: { type: 'string', value: 'ID', description: 'only this dataset, by its id or DOI' },
    'report-id': { type: 'string', value: 'ID', description: 'submit: the report that the hub has of that month' },
    out: { type: 'string', value: 'FILE', description: 'write it to a file' },
  },
  examples: [
    'event-sink usage report',
    'event-sink usage report --from 2026-01 --to 2026-12 --out usage-2026.tsv',
    'event-sink usage report --from 2026-03 --format json',
    'event-sink usage report --month 2026-03 --format html --out usage-2026-03.html',
    'event-sink usage submit --month 2026-03',
    'event-sink usage audit --from 2026-03-01 --to 2026-03-15',
    'event-sink usage completeness --from 2026-01',
    'event-sink usage recompute 2026-03',
    'event-sink usage recompute 2025-11 --from events-2025-11.ndjson.gz',
  ],
  async run(invocation) {
    const [action, given, ...more] = invocation.operands;
    if (action === 'report' && given === undefined) await report(invocation);
    else if (action === 'submit' && given === undefined) await submit(invocation);
    else if (action === 'audit' && given === undefined) await audit(invocation);
    else if (action === 'completeness' && given === undefined) await completeness(invocation);
    else if (action === 'recompute' && given !== undefined && more.length === 0) await recompute(given, invocation);
    else throw new UsageError('use usage report, submit, audit, completeness, or recompute MONTH');
    return exitCodes.ok;
  },
};

async function report(invocation: Invocation): Promise<void> {
  const { values, terminal } = invocation;
  const format = text(values, 'format') ?? (values.json === true ? 'json' : 'tsv');
  if (!formats.includes(format)) throw new UsageError(`--format must be ${formats.join(', ')}, but is "${format}"`);
  const { from, to } = rangeOf(invocation);
  const dataset = text(values, 'dataset');
  const isMonthly = monthlyFormats.includes(format);
  if (isMonthly && (from !== to || dataset !== undefined))
    throw new UsageError(`--format ${format} is the report of one month, with all its datasets`);
  const query = new URLSearchParams({ 'begin-date': written(from), 'end-date': written(to), format });
  if (dataset !== undefined) query.set('dataset-id', dataset);
  const path = isMonthly ? `/v1/usage-reports/${written(from)}.${format}` : `/counter/reports/dsr?${query}`;
  const printed = await clientFor(invocation).request<string>({ method: 'GET', path, text: true });
  const file = text(values, 'out');
  if (file === undefined) return terminal.out(printed.trimEnd());
  writeFileSync(file, printed);
  if (terminal.outIsTerminal) terminal.out(`${file} written`);
}

async function submit(invocation: Invocation): Promise<void> {
  const { values, clock, terminal } = invocation;
  const chosen = written(month(invocation, 'month') ?? lastMonth(clock.now()));
  const report = text(values, 'report-id');
  const query = report === undefined ? '' : `?${new URLSearchParams({ report_id: report })}`;
  const path = `/v1/usage/months/${chosen}/submit${query}`;
  const done = await clientFor(invocation).request<UsageSubmitted>({ method: 'POST', path });
  terminal.out(
    terminal.outIsTerminal
      ? `the report of ${done.month} waits for the hub; event-sink dead-letters list says what it refuses`
      : JSON.stringify(done),
  );
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

function rangeOf(invocation: Invocation): { readonly from: number; readonly to: number } {
  const alone = month(invocation, 'month');
  const from = month(invocation, 'from');
  const to = month(invocation, 'to');
  if (alone !== undefined && (from !== undefined || to !== undefined))
    throw new UsageError('--month is one month: leave --from and --to out');
  const first = alone ?? from ?? lastMonth(invocation.clock.now());
  const last = to ?? first;
  if (first > last) throw new UsageError('--from must not be after --to');
  return { from: first, to: last };
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
