import type { KeyList } from '../../openapi/api-types.js';
import { clientFor, clientOptions } from './client.js';
import { type Command, exitCodes, type Invocation, UsageError } from './command.js';
import { table } from './terminal.js';

export const keys: Command = {
  usage: 'keys list | revoke NAME',
  description:
    'The keys of a running daemon, for a key with the scope admin.\n\n  list          names, scopes, expiry and last use\n  revoke NAME   at once; a key of API_KEYS or API_KEYS_FILE is taken out there',
  options: clientOptions,
  examples: [
    'event-sink keys list',
    'event-sink keys revoke portal',
    "event-sink keys list | jq -r 'select(.last_used == null) | .name'",
  ],
  async run(invocation) {
    const [action = 'list', name, ...more] = invocation.operands;
    if (action === 'list' && name === undefined) await list(invocation);
    else if (action === 'revoke' && name !== undefined && more.length === 0) await revoke(name, invocation);
    else throw new UsageError('use keys list, or keys revoke NAME');
    return exitCodes.ok;
  },
};

async function list(invocation: Invocation): Promise<void> {
  const { terminal } = invocation;
  const found = (await clientFor(invocation).request<KeyList>({ method: 'GET', path: '/v1/keys' })).keys;
  if (!terminal.outIsTerminal) for (const key of found) terminal.out(JSON.stringify(key));
  else {
    const rows = found.map(({ name, scopes, source, expires, expired, requests, last_used: last }) => [
      name,
      scopes.join('+'),
      source,
      expires === null ? 'never' : `${expired ? 'expired ' : ''}${timeOf(expires)}`,
      last === null ? 'never' : timeOf(last),
      String(requests),
    ]);
    terminal.out(table(['NAME', 'SCOPES', 'FROM', 'EXPIRES', 'LAST USED', 'REQUESTS'], rows, terminal.columns));
  }
}

async function revoke(name: string, invocation: Invocation): Promise<void> {
  const { terminal } = invocation;
  await clientFor(invocation).request({ method: 'DELETE', path: `/v1/keys/${encodeURIComponent(name)}` });
  terminal.out(terminal.outIsTerminal ? `${name} revoked` : JSON.stringify({ revoked: name }));
}

function timeOf(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}
