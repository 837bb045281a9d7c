#!/usr/bin/env node
import { runCommandLine } from './cli/run.js';
import { processTerminal } from './cli/terminal.js';
import { systemClock } from './clock.js';
import { environment } from './config/environment.js';
import { waitForDistantHosts } from './connect-attempts.js';
import { keepHeapSmall } from './heap.js';

waitForDistantHosts();
// Other commands may read large files, and end when they are done.
if (process.argv[2] === 'start') keepHeapSmall();
const code = await runCommandLine(process.argv.slice(2), {
  env: environment,
  terminal: processTerminal(process),
  clock: systemClock,
  signals: process,
  loadDaemon: async () => (await import('../supervisors/root.js')).startDaemon,
  exit: status => process.exit(status),
});
// Whatever is still open then (a kept-alive connection, a driver's timer) must not keep the process alive.
process.exit(code);
