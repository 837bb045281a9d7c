import { dayOf, written } from '../calendar.js';
import { ArchiveSource } from '../import/archive.js';
import type { TimeRange } from '../import/range.js';
import { type VerifiedDay, verifyArchive } from '../sinks/archive/verify.js';
import { archiveStore } from './archive-store.js';
import { clientFor, clientOptions } from './client.js';
import { type Command, exitCodes, type Invocation, text, UsageError } from './command.js';
import { sendAll, time } from './import/import.js';
import { Summary } from './import/summary.js';

export const archive: Command = {
  usage: 'archive verify | replay --to SINK',
  description:
    'What is in the archive of these settings.\n\n  verify             every byte of every sealed day, and the chain of the manifests, without the daemon;\n                     names the day and the file of whatever is not as it was written (exit code 1)\n  replay --to SINK   sends its events to that sink alone, through the daemon, behind what happens now;\n                     they keep their ids: what the sink has already is no second event',
  options: {
    ...clientOptions,
    to: { type: 'string', value: 'SINK', description: 'replay: the sink that gets them, such as mongodb' },
    from: { type: 'string', value: 'TIME', description: 'only events of this time or later; verify: days' },
    until: { type: 'string', value: 'TIME', description: 'only events before this time; verify: days' },
    archive: {
      type: 'string',
      value: 'NAME',
      description: 'where there are several archives, this one, such as archive.cold',
    },
  },
  examples: [
    'event-sink archive verify',
    'event-sink archive verify --from 2026-03-01 --until 2026-04-01',
    'event-sink archive replay --to mongodb --from 2026-03-01',
  ],
  async run(invocation) {
    const { operands, values } = invocation;
    const [action, ...more] = operands;
    const to = text(values, 'to');
    const range = { since: time(invocation, 'from'), until: time(invocation, 'until') };
    if (action === 'verify' && more.length === 0 && to === undefined) return verify(invocation, range);
    if (action === 'replay' && more.length === 0 && to !== undefined) return replay(invocation, range, to);
    throw new UsageError('use archive verify, or archive replay --to SINK');
  },
};

async function verify(invocation: Invocation, { since, until }: TimeRange): Promise<number> {
  const { terminal } = invocation;
  const store = archiveStore(invocation, text(invocation.values, 'archive'));
  const wrong: VerifiedDay[] = [];
  const sums = { days: 0, events: 0, files: 0, waiting: 0 };
  const from = since === undefined ? undefined : written(dayOf(since));
  const last = until === undefined ? undefined : written(dayOf(until - 1));
  for await (const day of verifyArchive(store, { from, until: last })) {
    if (day.flaws.length > 0) wrong.push(day);
    if (!terminal.outIsTerminal) terminal.out(JSON.stringify(day));
    for (const { file, flaw } of day.flaws) terminal.err(`${day.day}: ${file}: ${flaw}`);
    sums.days += 1;
    sums.events += day.events;
    sums.files += day.files;
    sums.waiting += day.waiting;
  }
  if (terminal.outIsTerminal) for (const line of inWords(store.place, sums, wrong)) terminal.out(line);
  return wrong.length === 0 ? exitCodes.ok : exitCodes.failed;
}

function inWords(
  place: string,
  { days, events, files, waiting }: Record<'days' | 'events' | 'files' | 'waiting', number>,
  wrong: readonly VerifiedDay[],
): string[] {
  const lines = [`${place}: ${n(days)} days, ${n(events)} sealed events in ${n(files)} files`];
  if (waiting > 0) lines.push(`${n(waiting)} files wait to be sealed`);
  const named = wrong.map(({ day }) => day).join(', ');
  lines.push(wrong.length === 0 ? 'everything is as it was written' : `not as it was written: ${named}`);
  return lines;
}

async function replay(invocation: Invocation, range: TimeRange, to: string): Promise<number> {
  const { terminal } = invocation;
  const source = await ArchiveSource.open({
    store: archiveStore(invocation, text(invocation.values, 'archive')),
    range,
  });
  const summary = new Summary();
  const opened = { source, kind: undefined, sinks: [to], close: async () => {} };
  const seconds = await sendAll(invocation, opened, { client: clientFor(invocation), range, summary });
  if (terminal.outIsTerminal) for (const line of summary.words('events', seconds)) terminal.out(line);
  else terminal.out(summary.json(seconds));
  return summary.refused === 0 ? exitCodes.ok : exitCodes.failed;
}

function n(count: number): string {
  return count.toLocaleString('en');
}
