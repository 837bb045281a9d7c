import { Watchdog } from '../../src/event-loop/watchdog.js';
import { createLog } from '../../src/log.js';
import { startDaemonHere } from '../helpers/daemon-here.js';
import { scriptedSink } from '../helpers/scripted-sink.js';

/**
 * A daemon in a process of its own, for a test to end in the middle of a stall. Its sink works for ever on an event
 * with `block` = `for ever`, and for as many ms as `block` says on others. Says its address, and every event that it
 * has delivered.
 */
const [, , dir = '', limitMs = '1000'] = process.argv;
const sink = scriptedSink(async events => {
  await new Promise(resolve => setTimeout(resolve, 20));
  for (const { id, fields } of events) {
    const end = performance.now() + (fields.block === 'for ever' ? 600_000 : Number(fields.block ?? 0));
    while (performance.now() < end);
    process.stdout.write(`delivered ${id}\n`);
  }
  return {};
});
const notifyMs = process.env.NOTIFY_MS === undefined ? undefined : Number(process.env.NOTIFY_MS);
const watchdog = new Watchdog({ dir, log: { level: 'info', pretty: false }, limitMs: Number(limitMs), notifyMs });
const daemon = await startDaemonHere({
  dir,
  sinks: { scripted: sink },
  log: await createLog({ level: 'info', pretty: false }),
  watchdog,
});
process.stdout.write(`address ${daemon.address}\n`);
process.once('SIGTERM', () => {
  daemon.stop().then(async () => {
    await watchdog.close();
    process.exitCode = 0;
  });
});
