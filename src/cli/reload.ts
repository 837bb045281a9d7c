import type { Reloaded } from '../../openapi/api-types.js';
import { clientFor, clientOptions } from './client.js';
import { type Command, exitCodes, UsageError } from './command.js';

export const reload: Command = {
  usage: 'reload',
  description:
    'Lets a daemon read its settings again: the YAML file, and the files of secrets. Only what is configured otherwise restarts.\nWhen anything is wrong, nothing is taken over, all of it is said, and the exit code is 1. Needs a key that has the scope admin.',
  options: clientOptions,
  examples: ['event-sink reload', 'event-sink reload --url https://events.example.org'],
  async run(invocation) {
    const { terminal, operands } = invocation;
    if (operands.length > 0) throw new UsageError('reload takes no arguments');
    const report = await clientFor(invocation).request<Reloaded>({ method: 'POST', path: '/v1/reload' });
    if (!terminal.outIsTerminal) terminal.out(JSON.stringify(report));
    else {
      const { changed, restarted, needs_restart: waiting } = report;
      terminal.out(changed.length === 0 ? 'no setting has changed' : `changed: ${changed.join(', ')}`);
      if (restarted.length > 0) terminal.out(`restarted: ${restarted.join(', ')}`);
      if (waiting.length > 0) terminal.out(`at the next start of the daemon: ${waiting.join(', ')}`);
    }
    return exitCodes.ok;
  },
};
