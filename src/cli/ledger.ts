import type { Ledger, LedgerSink } from '../../openapi/api-types.js';
import { clientFor, clientOptions } from './client.js';
import { type Command, exitCodes, type Invocation, UsageError } from './command.js';
import { table } from './terminal.js';

export const ledger: Command = {
  usage: 'ledger list | acknowledge SINK',
  description:
    'What became of every event, by sink.\n\n  list               the counts since the beginning\n  acknowledge SINK   you know why events of this sink are missing: they stay in the count, and are no problem any more',
  options: clientOptions,
  examples: ['event-sink ledger list', 'event-sink ledger acknowledge mongodb'],
  async run(invocation) {
    const [action = 'list', sink, ...more] = invocation.operands;
    if (action === 'list' && sink === undefined) await list(invocation);
    else if (action === 'acknowledge' && sink !== undefined && more.length === 0) await acknowledge(sink, invocation);
    else throw new UsageError('use ledger list, or ledger acknowledge SINK');
    return exitCodes.ok;
  },
};

async function list(invocation: Invocation): Promise<void> {
  const { terminal } = invocation;
  const { sinks } = await clientFor(invocation).request<Ledger>({ method: 'GET', path: '/v1/ledger' });
  if (!terminal.outIsTerminal) {
    for (const row of sinks) terminal.out(JSON.stringify(row));
    return;
  }
  const columns = ['accepted', 'delivered', 'dead', 'pending', 'missing', 'acknowledged', 'difference'] as const;
  const rows = sinks.map(row => [row.sink, ...columns.map(name => String(row[name] ?? 'not known'))]);
  terminal.out(table(['SINK', ...columns.map(name => name.toUpperCase())], rows, terminal.columns));
}

async function acknowledge(sink: string, invocation: Invocation): Promise<void> {
  const { terminal } = invocation;
  const body = JSON.stringify({ sink });
  const row = await clientFor(invocation).request<LedgerSink>({
    method: 'POST',
    path: '/v1/ledger/acknowledge',
    body,
  });
  const { acknowledged, missing } = row;
  const events = `${acknowledged} missing ${acknowledged === 1 ? 'event' : 'events'}`;
  terminal.out(terminal.outIsTerminal ? `${events} acknowledged` : JSON.stringify({ sink, missing, acknowledged }));
}
