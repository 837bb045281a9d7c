import type { DeadLetterPage, RedriveReport, RemovalReport } from '../../openapi/api-types.js';
import { sinks } from '../sinks/registry.js';
import { clientFor, clientOptions } from './client.js';
import { type Command, exitCodes, type Invocation, number, text, texts, UsageError } from './command.js';
import { table } from './terminal.js';

/** As many keys as fit into the URL of one request. */
const keysAtOnce = 50;

/** More dead letters than these are redriven in portions, so that live events do not wait for all of them. */
const portion = 500;

export const deadLetters: Command = {
  usage: 'dead-letters list | redrive | delete [OPTIONS]',
  description:
    'Events that a sink refused, each with the reason.\n\n  list                           oldest first\n  redrive --sink SINK --all      send them to that sink again, and to no other; many of them in\n                                 portions, behind what happens now\n  delete --sink SINK --key KEY   delete them for good',
  options: {
    sink: {
      type: 'string',
      value: 'SINK',
      description: `of this sink: ${sinks.map(({ name }) => name).join(', ')}, or KIND.NAME of one with a name of its own`,
    },
    key: {
      type: 'string',
      multiple: true,
      value: 'KEY',
      description: 'this one, by the key that list shows; may be repeated',
    },
    all: { type: 'boolean', description: 'every one of the sink; with list, no limit' },
    reason: { type: 'string', value: 'TEXT', description: 'whose reason contains TEXT' },
    category: { type: 'string', value: 'CATEGORY', description: 'of events of this category' },
    from: {
      type: 'string',
      value: 'TIME',
      description: 'dead since this time or later, such as 2024-03-04 or epoch ms',
    },
    to: { type: 'string', value: 'TIME', description: 'dead since before this time' },
    'dry-run': { type: 'boolean', description: 'redrive: only show what would happen' },
    force: { type: 'boolean', description: 'redrive: also what the destination would now refuse or double' },
    limit: { type: 'string', value: 'N', description: 'list at most N (default: 100)' },
    ...clientOptions,
  },
  examples: [
    'event-sink dead-letters list --sink influxdb',
    'event-sink dead-letters redrive --sink influxdb --all --dry-run',
    'event-sink dead-letters redrive --sink influxdb --all --reason "field type conflict"',
    'event-sink dead-letters list --all | jq -r "[.sink, .reason] | @tsv" | sort | uniq -c',
  ],
  async run(invocation) {
    const [action = 'list', ...more] = invocation.operands;
    if (more.length > 0) throw new UsageError(`dead-letters ${action} takes no arguments; name one with --key`);
    if (action === 'list') await list(invocation);
    else if (action === 'redrive' || action === 'delete') await act(action, invocation);
    else throw new UsageError(`dead-letters can list, redrive or delete, not ${action}`);
    return exitCodes.ok;
  },
};

async function list(invocation: Invocation): Promise<void> {
  const { values, terminal } = invocation;
  const client = clientFor(invocation);
  const max = values.all === true ? Number.POSITIVE_INFINITY : (number(values, 'limit', 1, 1_000_000) ?? 100);
  const rows: string[][] = [];
  let listed = 0;
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: String(Math.min(1000, max - listed)) });
    const sink = text(values, 'sink');
    if (sink !== undefined) query.set('sink', sink);
    for (const [name, value] of Object.entries(filterOf(values))) query.set(name, value);
    if (cursor !== null) query.set('cursor', cursor);
    const page: DeadLetterPage = await client.request<DeadLetterPage>({
      method: 'GET',
      path: `/v1/dead-letters?${query}`,
    });
    for (const deadLetter of page.dead_letters) {
      if (terminal.outIsTerminal)
        rows.push([deadLetter.key, deadLetter.sink, when(deadLetter.dead_at), deadLetter.fault, deadLetter.reason]);
      else terminal.out(JSON.stringify(deadLetter));
    }
    listed += page.dead_letters.length;
    cursor = page.next_cursor;
  } while (cursor !== null && listed < max);
  if (!terminal.outIsTerminal) return;
  terminal.out(
    listed === 0 ? 'No dead letters.' : table(['KEY', 'SINK', 'DEAD SINCE', 'FAULT', 'REASON'], rows, terminal.columns),
  );
  if (cursor !== null) terminal.out(`These are the oldest ${listed}; --all lists every one.`);
}

async function act(action: 'redrive' | 'delete', invocation: Invocation): Promise<void> {
  const { values } = invocation;
  const sink = text(values, 'sink');
  const keys = texts(values, 'key');
  if (sink === undefined) throw new UsageError(`dead-letters ${action} needs --sink`);
  if (keys.length > 0 === (values.all === true))
    throw new UsageError(`either name some with --key, or take --all of ${sink}`);
  const filter = filterOf(values);
  if (action === 'delete') {
    if (Object.keys(filter).length > 0)
      throw new UsageError('delete takes no filter: list first, then name them with --key');
    return remove(invocation, sink, keys);
  }
  await redrive(invocation, sink, keys, filter);
}

async function redrive(
  invocation: Invocation,
  sink: string,
  keys: readonly string[],
  filter: Readonly<Record<string, string>>,
): Promise<void> {
  const { values, terminal } = invocation;
  const client = clientFor(invocation);
  const dryRun = values['dry-run'] === true;
  const force = values.force === true ? { force: true } : {};
  const ask = (what: object): Promise<RedriveReport> => {
    const body = JSON.stringify({ sink, ...what, ...filter, ...(dryRun ? { dry_run: true } : {}), ...force });
    return client.request({ method: 'POST', path: '/v1/dead-letters/redrive', body });
  };
  let redriven = 0;
  let refusedCount = 0;
  let notReached = 0;
  const refused: RedriveReport['refused'][number][] = [];
  const add = (answer: RedriveReport): void => {
    redriven += answer.redriven;
    refusedCount += answer.refused_count;
    notReached += answer.not_reached ?? 0;
    refused.push(...answer.refused);
  };
  for (const some of keys.length === 0 ? [] : chunks(keys)) add(await ask({ keys: some }));
  if (keys.length === 0) {
    const wanted = dryRun ? 0 : wantedOf(await ask({ dry_run: true }), filter);
    if (wanted <= portion) add(await ask({}));
    else add(await inPortions(wanted, ask));
  }
  if (!terminal.outIsTerminal) {
    const rest = notReached > 0 ? { not_reached: notReached } : {};
    return terminal.out(JSON.stringify({ sink, redriven, refused, ...rest, dry_run: dryRun }));
  }
  terminal.out(`${events(redriven)} ${dryRun ? 'would be redriven' : 'redriven'}`);
  if (refusedCount > 0) terminal.out(`${events(refusedCount)} left where they are; --force redrives them anyway:`);
  for (const reason of new Set(refused.map(one => one.reason))) terminal.out(`  ${reason}`);
  if (notReached > 0)
    terminal.out(
      `${events(notReached)} not looked at: of one sink, RabbitMQ shows the oldest thousand. Run this again; if those stay, redrive them without a filter or with --force, or delete them first.`,
    );
}

/** At most: without a filter, those that were not looked at are wanted too. */
function wantedOf(
  { redriven, not_reached: more = 0 }: RedriveReport,
  filter: Readonly<Record<string, string>>,
): number {
  return redriven + (Object.keys(filter).length === 0 ? more : 0);
}

/**
 * Behind what happens now: a portion at a time, for which the daemon makes the client wait. Never more than there were
 * at the beginning: some may become dead letters again.
 */
async function inPortions(wanted: number, ask: (what: object) => Promise<RedriveReport>): Promise<RedriveReport> {
  let redriven = 0;
  for (;;) {
    const answer = await ask({ limit: Math.min(portion, wanted - redriven) });
    redriven += answer.redriven;
    // Those that are refused stay, and the last answer names all of them.
    if (answer.redriven === 0 || redriven >= wanted) return { ...answer, redriven };
  }
}

async function remove(invocation: Invocation, sink: string, keys: readonly string[]): Promise<void> {
  const { terminal } = invocation;
  const client = clientFor(invocation);
  let count = 0;
  for (const some of keys.length === 0 ? [undefined] : chunks(keys)) {
    const query = new URLSearchParams({ sink });
    if (some === undefined) query.set('all', 'true');
    for (const key of some ?? []) query.append('key', key);
    const path = `/v1/dead-letters?${query}`;
    count += (await client.request<RemovalReport>({ method: 'DELETE', path })).removed;
  }
  terminal.out(terminal.outIsTerminal ? `${events(count)} removed` : JSON.stringify({ sink, removed: count }));
}

function filterOf(values: Invocation['values']): Record<string, string> {
  const names = ['reason', 'category', 'from', 'to'] as const;
  return Object.fromEntries(
    names.flatMap(name => [[name, text(values, name)]]).filter(([, value]) => value !== undefined),
  );
}

function chunks(keys: readonly string[]): string[][] {
  const count = Math.ceil(keys.length / keysAtOnce);
  return Array.from({ length: count }, (_, index) => keys.slice(index * keysAtOnce, (index + 1) * keysAtOnce));
}

function events(count: number): string {
  return `${count} ${count === 1 ? 'event' : 'events'}`;
}

/** Anybody may have put it there: a time that is none is shown as it is. */
function when(ms: number): string {
  if (!Number.isFinite(new Date(ms).getTime())) return String(ms);
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}
