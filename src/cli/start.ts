import { AuditTrail } from '../audit/trail.js';
import { readFile } from '../config/environment.js';
import { loadConfig } from '../config/load.js';
import { describe, FullError, SetupError } from '../errors.js';
import { notifyIntervalMs, Watchdog } from '../event-loop/watchdog.js';
import { collectOften, letHeapGrow } from '../heap.js';
import { openKeyRing } from '../keys/ring.js';
import { createLog, type Log } from '../log.js';
import { redact } from '../redact.js';
import { problemReport } from '../settings/problems.js';
import { type Command, type Daemon, exitCodes, type Invocation, UsageError } from './command.js';

/** npm passes on the Ctrl-C that the terminal has already sent: a signal this soon after the first, ms, is its echo. */
const echoMs = 500;

export const start: Command = {
  usage: 'start',
  description:
    'Runs the daemon until SIGTERM or SIGINT shuts it down in order; a second signal ends it at once.\nSIGHUP reads API_KEYS_FILE, TLS_CERT_FILE and TLS_KEY_FILE again.',
  options: {},
  examples: [
    'event-sink start',
    'RABBITMQ_URI=amqp://user:password@rabbitmq MONGODB_URI=mongodb://mongodb event-sink start',
    'EVENT_SINK_CONFIG=/etc/event-sink/config.yaml event-sink start',
  ],
  async run(invocation) {
    const { env, terminal, operands } = invocation;
    if (operands.length > 0) throw new UsageError('start takes no arguments');
    const loaded = loadConfig({ env, readFile });
    if ('problems' in loaded) {
      terminal.err(problemReport(loaded.problems));
      return exitCodes.usage;
    }
    const { level, pretty = terminal.outIsTerminal } = loaded.config.log;
    const log = await createLog({ level, pretty });
    for (const { name, message } of loaded.warnings) log.warn({ name, message }, 'setting.unknown');
    return runDaemon(invocation, loaded.config, log);
  },
};

/**
 * Starting → running → stopping → ended. A signal that arrives while starting waits until there is something to stop.
 * Whatever ends the daemon first decides the exit code.
 */
async function runDaemon(
  { env, terminal, clock, signals, loadDaemon, exit }: Invocation,
  config: Parameters<Awaited<ReturnType<Invocation['loadDaemon']>>>[0]['config'],
  log: Log,
): Promise<number> {
  let daemon: Daemon | undefined;
  let firstSignalAt: number | undefined;
  let finish: (code: number) => void = () => {};
  const finished = new Promise<number>(resolve => {
    finish = resolve;
  });
  const announce = (line: string): void => {
    if (terminal.outIsTerminal) terminal.out(line);
  };

  const stop = (running: Daemon): void => {
    running.stop().then(
      () => finish(exitCodes.ok),
      error => {
        log.fatal(fieldsOf(error), 'shutdown.failed');
        finish(exitCodes.failed);
      },
    );
  };
  const onSignal = (signal: string) => (): void => {
    const now = clock.monotonic();
    if (firstSignalAt === undefined) {
      firstSignalAt = now;
      log.info({ signal }, 'shutdown.requested');
      if (daemon !== undefined) stop(daemon);
    } else if (now - firstSignalAt > echoMs) {
      log.warn({ signal }, 'shutdown.forced');
      daemon?.stopNow();
      exit(exitCodes.failed);
    }
  };
  const onFault =
    (event: string) =>
    (error: unknown): void => {
      log.fatal({ ...fieldsOf(error), event }, 'daemon.crashed');
      exit(exitCodes.failed);
    };
  const trail = new AuditTrail(log, clock);
  const keys = openKeyRing({
    source: config.keys,
    dataDir: config.server.dataDir,
    clock,
    log,
    audit: trail,
    announce,
  });
  const listeners: [string, (reason?: unknown) => void][] = [
    ['SIGTERM', onSignal('SIGTERM')],
    ['SIGINT', onSignal('SIGINT')],
    [
      'SIGHUP',
      () => {
        keys.reload();
        daemon?.reload();
      },
    ],
    ['uncaughtException', onFault('uncaughtException')],
    ['unhandledRejection', onFault('unhandledRejection')],
  ];
  for (const [event, listener] of listeners) signals.on(event, listener);
  if (config.broker.nodes.length === 0) collectOften();
  const watchdog = new Watchdog({
    dir: config.server.dataDir,
    log: { level: config.log.level, pretty: config.log.pretty ?? terminal.outIsTerminal },
    notifyMs: notifyIntervalMs(env, process.pid),
  });
  try {
    const startDaemon = await loadDaemon();
    daemon = await startDaemon({ config, log, clock, keys, trail, announce, watchdog });
    letHeapGrow();
    daemon.ended.then(({ code }) => finish(code));
    if (firstSignalAt !== undefined) stop(daemon);
    return await finished;
  } catch (error) {
    // A person has to fix something: one clear line. Anything else is logged with its stack.
    const fixable = error instanceof SetupError || error instanceof FullError;
    if (fixable) terminal.err(`event-sink: ${redact(describe(error))}`);
    else log.fatal(fieldsOf(error), 'daemon.failed');
    return exitCodes.failed;
  } finally {
    keys.close();
    await watchdog.close();
    for (const [event, listener] of listeners) signals.off(event, listener);
  }
}

function fieldsOf(error: unknown): object {
  return { reason: describe(error), stack: error instanceof Error ? error.stack : undefined };
}
