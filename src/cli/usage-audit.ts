import type { UsageAudit, UsageAuditCounts, UsageAuditDay, UsageReport } from '../../openapi/api-types.js';
import { readDay, readMonth } from '../calendar.js';
import { clientFor } from './client.js';
import { type Invocation, text, UsageError } from './command.js';
import { table, wrap } from './terminal.js';

/** Accesses that stand alone and are named. */
const maxNamed = 20;

type Control = UsageAudit['controls'][number];

/** What the sources say of the same accesses: a table for people, the answer of the API for programs. */
export async function audit(invocation: Invocation): Promise<void> {
  const { terminal } = invocation;
  const query = rangeOf(invocation, readsDay, 'a day or a month, such as 2026-03-15 or 2026-03');
  const path = query.size === 0 ? '/v1/usage/audit' : `/v1/usage/audit?${query}`;
  const found = await clientFor(invocation).request<UsageAudit>({ method: 'GET', path });
  if (!terminal.outIsTerminal) return terminal.out(JSON.stringify(found));
  const { source, controls, days } = found;
  if (controls.length === 0)
    return terminal.out(`${source} is the only source of accesses: nothing to compare it with`);
  for (const control of controls) {
    const counted = days.filter(day => day.source === control.source);
    terminal.out(tableOf(control, counted, terminal.columns));
    for (const [name, means] of [
      [control.source, control.counted_alone],
      [control.control, control.control_alone],
    ] as const)
      for (const line of wrap(`only ${name}: ${means}`, terminal.columns)) terminal.out(line);
    for (const line of named(control, counted)) terminal.out(line);
    terminal.out('');
  }
}

function tableOf({ source, control, views, downloads }: Control, days: readonly UsageAuditDay[], columns: number) {
  const heading = ['DAY', '', source, 'both', `only ${source}`, control, `only ${control}`, 'left out', 'repeated'];
  const rows = days.flatMap(({ day, controls }) =>
    controls
      .filter(one => one.control === control)
      .flatMap(one => [rowOf(day, 'views', one.views), rowOf(day, 'downloads', one.downloads)]),
  );
  const totals = [rowOf('total', 'views', views), rowOf('total', 'downloads', downloads)];
  const isSomething = ([, , ...figures]: readonly string[]): boolean => figures.some(figure => figure !== '0');
  return table(heading, [...rows.filter(isSomething), ...totals], columns);
}

function rowOf(day: string, kind: string, { matched, counted, control }: UsageAuditCounts): string[] {
  const leftOut = [...Object.values(counted.left_out), ...Object.values(control.left_out)].reduce((a, b) => a + b, 0);
  const figures = [counted.accesses, matched, counted.alone, control.accesses, control.alone, leftOut];
  return [day, kind, ...[...figures, counted.repeated + control.repeated].map(String)];
}

function named({ control }: Control, days: readonly UsageAuditDay[]): string[] {
  const examples = days.flatMap(day =>
    day.controls.filter(one => one.control === control).flatMap(one => one.examples),
  );
  const lines = examples.slice(0, maxNamed).map(({ time, said_by, kind, resource }) => {
    const when = new Date(time).toISOString().slice(0, 19).replace('T', ' ');
    return `  ${when}  only ${said_by}: ${kind} of ${resource}`;
  });
  return examples.length > maxNamed ? [...lines, `  and ${examples.length - maxNamed} more: --json`] : lines;
}

/** How complete the months are. */
export async function completeness(invocation: Invocation): Promise<void> {
  const { terminal } = invocation;
  const query = rangeOf(invocation, given => readMonth(given) !== undefined, 'a month, such as 2026-03');
  const path = `/v1/usage?by=month&limit=1&${query}`;
  const { months, source } = await clientFor(invocation).request<UsageReport>({ method: 'GET', path });
  if (!terminal.outIsTerminal) {
    for (const month of months) terminal.out(JSON.stringify(month));
    return;
  }
  if (months.length === 0) return terminal.out('nothing was counted yet');
  const heading = ['MONTH', '', 'COUNTED FROM', 'HOURS MISSING', 'WAITING', 'DEAD', 'LATE'];
  const rows = months.map(
    ({ month, closed, sources, completeness: { complete, missing_hours, waiting, dead, late } }) => [
      ...[month, `${closed === null ? 'open' : 'closed'}, ${complete ? 'complete' : 'in part'}`],
      sources.join(', '),
      ...[missing_hours, waiting, dead, late].map(String),
    ],
  );
  terminal.out(table(heading, rows, terminal.columns));
  const hour = (time: number): string => new Date(time).toISOString().slice(0, 16).replace('T', ' ');
  for (const {
    completeness: { gaps },
  } of months)
    for (const { from, to, means, missing } of gaps)
      terminal.out(`  ${hour(from)} to ${hour(to)}  ${means}${missing > 0 ? ` (${missing})` : ''}`);
  terminal.out(`counted now is ${source}; hours are UTC`);
}

function readsDay(given: string): boolean {
  return readMonth(given) !== undefined || readDay(given) !== undefined;
}

function rangeOf({ values }: Invocation, reads: (given: string) => boolean, what: string): URLSearchParams {
  const query = new URLSearchParams();
  for (const name of ['from', 'to']) {
    const given = text(values, name);
    if (given === undefined) continue;
    if (!reads(given)) throw new UsageError(`--${name} must be ${what}, but is "${given}"`);
    query.set(name, given);
  }
  return query;
}
