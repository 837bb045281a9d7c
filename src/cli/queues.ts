import type { QueueInfo } from '../broker/broker.js';
import type { Config } from '../config/config.js';
import { readFile } from '../config/environment.js';
import { loadConfig } from '../config/load.js';
import { problemReport } from '../settings/problems.js';
import { note } from './audit.js';
import { type Command, exitCodes, type Invocation, UsageError } from './command.js';
import { openQueues, type Queues } from './queue-access.js';
import { table } from './terminal.js';

export const queues: Command = {
  usage: 'queues list | remove QUEUE [--force]',
  description:
    'The queues of this configuration. A queue whose sink is switched off is an orphan: it only fills up.\n\n  list           what waits where\n  remove QUEUE   for good, with everything that waits in it; with the embedded broker, stop the daemon first',
  options: {
    force: {
      type: 'boolean',
      description: 'remove it even if events wait in it, or a sink is configured to consume it',
    },
  },
  examples: [
    'event-sink queues list',
    'event-sink queues remove event-sink.ga4',
    "event-sink queues list | jq -r 'select(.orphaned) | .name'",
  ],
  async run(invocation) {
    const { env, terminal, operands } = invocation;
    const [action = 'list', name, ...more] = operands;
    const right =
      action === 'list' ? name === undefined : action === 'remove' && name !== undefined && more.length === 0;
    if (!right) throw new UsageError('use queues list, or queues remove QUEUE');
    const loaded = loadConfig({ env, readFile });
    if ('problems' in loaded) {
      terminal.err(problemReport(loaded.problems));
      return exitCodes.usage;
    }
    const access = await openQueues(loaded.config, invocation.clock, action === 'remove', name);
    try {
      if (name === undefined) list(await access.list(), invocation);
      else await remove(name, access, loaded.config, invocation);
    } finally {
      await access.close();
    }
    return exitCodes.ok;
  },
};

function list(infos: readonly QueueInfo[], { terminal }: Invocation): void {
  if (!terminal.outIsTerminal) for (const info of infos) terminal.out(JSON.stringify(info));
  else if (infos.length === 0) terminal.out('No queues yet.');
  else {
    const rows = infos.map(({ name, sink, ready, orphaned }) => [
      name,
      sink ?? '',
      String(ready),
      orphaned ? 'orphaned: no sink of this configuration consumes it' : '',
    ]);
    terminal.out(table(['QUEUE', 'SINK', 'WAITING', ''], rows, terminal.columns));
  }
}

async function remove(name: string, access: Queues, config: Config, invocation: Invocation): Promise<void> {
  const { values, terminal } = invocation;
  const info = (await access.list()).find(queue => queue.name === name);
  if (info === undefined) throw new Error(`there is no queue ${name}; event-sink queues list shows what there is`);
  const sink = config.sinks.find(({ queue }) => queue.name === name);
  if (values.force !== true && sink !== undefined) {
    throw new Error(`${sink.definition.title} is configured to consume ${name}. Switch it off first, or use --force`);
  }
  if (values.force !== true && info.ready > 0) {
    throw new Error(`${info.ready} events wait in ${name} and would be lost. To remove it anyway, use --force`);
  }
  await access.remove(name);
  note(config.server.dataDir, { type: 'queue_removed', subject: name, count: info.ready }, invocation);
  terminal.out(terminal.outIsTerminal ? `${name} removed` : JSON.stringify({ removed: name, events: info.ready }));
}
