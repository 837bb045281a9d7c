import type { ErasureList, ErasurePreview, ErasureReceipt } from '../../openapi/api-types.js';
import { clientFor, clientOptions } from './client.js';
import { type Command, exitCodes, type Invocation, UsageError } from './command.js';
import { table } from './terminal.js';

export const people: Command = {
  usage: 'people export ID… | erase ID… | list',
  description:
    'What a running daemon and its destinations hold of people, and an end to it; for a key with the scope admin.\nAn ID is a user_id, or a mail address or a name that stands in events without one.\n\n  export ID…   everything that is held of them, one thing a line\n  erase ID…    their events go, and in events of others their fields; prints the receipt\n  list         receipts: what is done, what is tried again, and what is left to somebody else',
  options: {
    'dry-run': { type: 'boolean', description: 'erase: only count what would be found' },
    ...clientOptions,
  },
  examples: [
    'event-sink people export 57e1b2c3d4e5f60718293a4b > person.ndjson',
    'event-sink people erase --dry-run 57e1b2c3d4e5f60718293a4b ada@example.org',
    'event-sink people erase 57e1b2c3d4e5f60718293a4b ada@example.org',
    'event-sink people list | jq -r \'.places[] | select(.state != "done") | [.place, .reason, .steps[]] | @tsv\'',
  ],
  async run(invocation) {
    const [action = 'list', ...ids] = invocation.operands;
    const isPreview = invocation.values['dry-run'] === true;
    if (isPreview && action !== 'erase') throw new UsageError('--dry-run goes with people erase');
    if (action === 'list' && ids.length === 0) await list(invocation);
    else if (action === 'export' && ids.length > 0) await exportAll(ids, invocation);
    else if (action === 'erase' && ids.length > 0) await (isPreview ? preview : erase)(ids, invocation);
    else throw new UsageError('use people export ID…, people erase ID…, or people list');
    return exitCodes.ok;
  },
};

/** The daemon goes through everything that there is, for an hour at most. */
const search = { timeoutMs: 3_700_000, isLong: true } as const;

async function exportAll(ids: readonly string[], invocation: Invocation): Promise<void> {
  const body = JSON.stringify({ ids });
  const request = { method: 'POST', path: '/v1/people/export', body, text: true, ...search } as const;
  const text = await clientFor(invocation).request<string>(request);
  for (const line of text.split('\n')) if (line !== '') invocation.terminal.out(line);
}

async function erase(ids: readonly string[], invocation: Invocation): Promise<void> {
  const body = JSON.stringify({ ids });
  const request = { method: 'POST', path: '/v1/people/erase', body } as const;
  const receipt = await clientFor(invocation).request<ErasureReceipt>(request);
  const { terminal } = invocation;
  if (!terminal.outIsTerminal) return terminal.out(JSON.stringify(receipt));
  terminal.out(`${receipt.id}: begun, and durable. event-sink people list shows what becomes of it.`);
}

async function preview(ids: readonly string[], invocation: Invocation): Promise<void> {
  const body = JSON.stringify({ ids, dry_run: true });
  const request = { method: 'POST', path: '/v1/people/erase', body, ...search } as const;
  const answer = await clientFor(invocation).request<ErasurePreview>(request);
  const { terminal } = invocation;
  if (!terminal.outIsTerminal) return terminal.out(JSON.stringify(answer));
  const rows = answer.places.map(({ place, found, reason }) => [
    ...[place, found === null ? '–' : String(found)],
    reason ?? (found === null ? 'cannot be searched' : ''),
  ]);
  terminal.out(table(['PLACE', 'FOUND', ''], rows, terminal.columns));
}

async function list(invocation: Invocation): Promise<void> {
  const { terminal } = invocation;
  const request = { method: 'GET', path: '/v1/people/erasures' } as const;
  const { erasures } = await clientFor(invocation).request<ErasureList>(request);
  if (!terminal.outIsTerminal) {
    for (const receipt of erasures) terminal.out(JSON.stringify(receipt));
    return;
  }
  if (erasures.length === 0) terminal.out('Nobody was erased.');
  for (const { id, asked, state, places } of erasures) {
    terminal.out(`${id}, asked ${new Date(asked).toISOString().slice(0, 16).replace('T', ' ')}: ${state}`);
    const rows = places.map(one => [
      one.place,
      one.state,
      String(one.erased),
      String(one.changed),
      [one.reason ?? [], one.steps].flat().join('; '),
    ]);
    terminal.out(table(['PLACE', 'STATE', 'ERASED', 'CHANGED', 'LEFT'], rows, terminal.columns));
  }
}
