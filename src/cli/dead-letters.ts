import type { DeadLetter } from '../broker/broker.js';
import { type Client, clientFor, clientOptions } from './client.js';
import { type Command, exitCodes, type Invocation, number, text, texts, UsageError } from './command.js';
import { table } from './terminal.js';

/** As the API shows it. */
interface Shown extends Pick<DeadLetter, 'key' | 'sink' | 'id' | 'reason' | 'fault' | 'attempts' | 'body'> {
  readonly first_seen: number;
  readonly dead_at: number;
}

interface Page {
  readonly dead_letters: readonly Shown[];
  readonly next_cursor: string | null;
}

/** So that the keys fit into the address of one request. */
const keysAtOnce = 50;

export const deadLetters: Command = {
  usage: 'dead-letters list | redrive | delete [OPTIONS]',
  description:
    'Events that a sink refused, with the reason.\n\n  list                           oldest first\n  redrive --sink SINK --all      send them to that sink again, and to no other\n  delete --sink SINK --key KEY   give them up for good',
  options: {
    sink: { type: 'string', value: 'SINK', description: 'of this sink: amplitude, ga4, influxdb, local or mongodb' },
    key: {
      type: 'string',
      multiple: true,
      value: 'KEY',
      description: 'this one, as list names it; several times for several',
    },
    all: { type: 'boolean', description: 'all of the sink; with list, without any limit' },
    limit: { type: 'string', value: 'N', description: 'list so many (default: 100)' },
    ...clientOptions,
  },
  examples: [
    'event-sink dead-letters list --sink influxdb',
    'event-sink dead-letters redrive --sink influxdb --all',
    'event-sink dead-letters list --all | jq -r "[.sink, .reason] | @tsv" | sort | uniq -c',
  ],
  async run(invocation) {
    const [action = 'list', ...more] = invocation.operands;
    if (more.length > 0) throw new UsageError(`dead-letters ${action} takes no operands; name one by --key`);
    if (action === 'list') await list(invocation);
    else if (action === 'redrive' || action === 'delete') await act(action, invocation);
    else throw new UsageError(`dead-letters can list, redrive or delete, not ${action}`);
    return exitCodes.ok;
  },
};

async function list(invocation: Invocation): Promise<void> {
  const { values, terminal } = invocation;
  const client = clientFor(invocation);
  const most = values.all === true ? Number.POSITIVE_INFINITY : (number(values, 'limit', 1, 1_000_000) ?? 100);
  const rows: string[][] = [];
  let listed = 0;
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: String(Math.min(1000, most - listed)) });
    const sink = text(values, 'sink');
    if (sink !== undefined) query.set('sink', sink);
    if (cursor !== null) query.set('cursor', cursor);
    const page: Page = await client.request<Page>({ method: 'GET', path: `/v1/dead-letters?${query}` });
    for (const letter of page.dead_letters) {
      if (terminal.outIsTerminal)
        rows.push([letter.key, letter.sink, when(letter.dead_at), letter.fault, letter.reason]);
      else terminal.out(JSON.stringify(letter));
    }
    listed += page.dead_letters.length;
    cursor = page.dead_letters.length === 0 ? null : page.next_cursor;
  } while (cursor !== null && listed < most);
  if (!terminal.outIsTerminal) return;
  terminal.out(
    listed === 0 ? 'No dead letters.' : table(['KEY', 'SINK', 'DEAD SINCE', 'FAULT', 'REASON'], rows, terminal.columns),
  );
  if (cursor !== null) terminal.out(`These are the oldest ${listed}; --all lists every one.`);
}

async function act(action: 'redrive' | 'delete', invocation: Invocation): Promise<void> {
  const { values, terminal } = invocation;
  const sink = text(values, 'sink');
  const keys = texts(values, 'key');
  if (sink === undefined) throw new UsageError(`dead-letters ${action} needs --sink`);
  if (keys.length > 0 === (values.all === true)) throw new UsageError(`say which: either --key, or --all of ${sink}`);
  const client = clientFor(invocation);
  let count = 0;
  if (keys.length === 0) count = await actOn(client, action, sink);
  for (let start = 0; start < keys.length; start += keysAtOnce) {
    count += await actOn(client, action, sink, keys.slice(start, start + keysAtOnce));
  }
  const done = action === 'redrive' ? 'redriven' : 'removed';
  terminal.out(
    terminal.outIsTerminal
      ? `${count} ${count === 1 ? 'event' : 'events'} ${done}`
      : JSON.stringify({ sink, [done]: count }),
  );
}

async function actOn(
  client: Client,
  action: 'redrive' | 'delete',
  sink: string,
  keys?: readonly string[],
): Promise<number> {
  if (action === 'redrive') {
    const body = JSON.stringify({ sink, ...(keys === undefined ? {} : { keys }) });
    const { redriven } = await client.request<{ redriven: number }>({
      method: 'POST',
      path: '/v1/dead-letters/redrive',
      body,
    });
    return redriven;
  }
  const query = new URLSearchParams({ sink });
  if (keys === undefined) query.set('all', 'true');
  for (const key of keys ?? []) query.append('key', key);
  const { removed } = await client.request<{ removed: number }>({
    method: 'DELETE',
    path: `/v1/dead-letters?${query}`,
  });
  return removed;
}

function when(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}
