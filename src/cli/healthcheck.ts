import { readFile } from '../config/environment.js';
import { loadConfig } from '../config/load.js';
import { problemReport } from '../settings/problems.js';
import { type Command, exitCodes, UsageError } from './command.js';
import { daemonAddress, isAlive } from './daemon-address.js';

/** Never ends with 2 over settings: to Docker, 0 is healthy, 1 is unhealthy, and 2 is reserved. */
export const healthcheck: Command = {
  usage: 'healthcheck',
  description:
    'Asks the daemon of these settings whether it is alive, where HOST and PORT say that it listens.\nFor HEALTHCHECK in an image: prints nothing when all is well.',
  options: {},
  examples: ['event-sink healthcheck', 'HOST=127.0.0.2 PORT=8081 event-sink healthcheck'],
  async run({ env, terminal, operands }) {
    if (operands.length > 0) throw new UsageError('healthcheck takes no arguments');
    const loaded = loadConfig({ env, readFile });
    if ('problems' in loaded) {
      terminal.err(problemReport(loaded.problems));
      return exitCodes.failed;
    }
    const { server } = loaded.config;
    if (server.port === 0) {
      terminal.err('event-sink: PORT is 0, so that nobody knows where the daemon listens');
      return exitCodes.failed;
    }
    const address = daemonAddress(server);
    if (await isAlive(address)) return exitCodes.ok;
    terminal.err(`event-sink: no daemon is alive at ${address}`);
    return exitCodes.failed;
  },
};
