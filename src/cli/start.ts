import { AuditTrail } from '../audit/trail.js';
import type { Config } from '../config/config.js';
import { readFile } from '../config/environment.js';
import { RunningSettings } from '../config/running.js';
import { describe, FullError, SetupError } from '../errors.js';
import { notifyIntervalMs, Watchdog } from '../event-loop/watchdog.js';
import { collectAlone, growAtMost, YoungGeneration } from '../heap.js';
import { type LivingKeyRing, openKeyRing } from '../keys/ring.js';
import { type AdjustableLog, createLog } from '../log.js';
import { redact } from '../redact.js';
import { problemReport } from '../settings/problems.js';
import { sameSlice } from '../settings/same-slice.js';
import { type Command, type Daemon, exitCodes, type Invocation, UsageError } from './command.js';

/** npm passes on the Ctrl-C that the terminal has already sent: a signal this soon after the first, ms, is its echo. */
const echoMs = 500;

export const start: Command = {
  usage: 'start',
  description:
    'Runs the daemon until SIGTERM or SIGINT shuts it down in order; a second signal ends it at once.\nSIGHUP reads all settings again: the YAML file, and the files of secrets, keys and certificates.',
  options: {},
  examples: [
    'event-sink start',
    'RABBITMQ_URI=amqp://user:password@rabbitmq MONGODB_URI=mongodb://mongodb event-sink start',
    'EVENT_SINK_CONFIG=/etc/event-sink/config.yaml event-sink start',
  ],
  async run(invocation) {
    const { env, terminal, clock, operands } = invocation;
    if (operands.length > 0) throw new UsageError('start takes no arguments');
    const opened = RunningSettings.open({ env, readFile }, clock);
    if ('problems' in opened) {
      terminal.err(problemReport(opened.problems));
      return exitCodes.usage;
    }
    const { settings, warnings } = opened;
    const { level, pretty = terminal.outIsTerminal } = settings.config.log;
    const log = await createLog({ level, pretty });
    for (const { name, message } of warnings) log.warn({ name, message }, 'setting.unknown');
    return runDaemon(invocation, settings, log);
  },
};

/**
 * Starting → running → stopping → ended. A signal that arrives while starting waits until there is something to stop.
 * Whatever ends the daemon first decides the exit code.
 */
async function runDaemon(
  { env, terminal, clock, signals, loadDaemon, exit }: Invocation,
  settings: RunningSettings,
  log: AdjustableLog,
): Promise<number> {
  const { config } = settings;
  let daemon: Daemon | undefined;
  let firstSignalAt: number | undefined;
  let hungUp = false;
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
        hungUp = daemon === undefined;
        daemon?.reload('SIGHUP');
      },
    ],
    ['uncaughtException', onFault('uncaughtException')],
    ['unhandledRejection', onFault('unhandledRejection')],
  ];
  for (const [event, listener] of listeners) signals.on(event, listener);
  const isEmbedded = config.broker.nodes.length === 0;
  growAtMost(isEmbedded ? 80 : 100);
  if (isEmbedded) collectAlone();
  // Beside RabbitMQ the first seconds of one client are busy ones, and 20 MB would stay for the same CPU.
  const young = new YoungGeneration(isEmbedded ? 0 : 2_000);
  const watchdog = new Watchdog({
    dir: config.server.dataDir,
    log: { level: config.log.level, pretty: config.log.pretty ?? terminal.outIsTerminal },
    notifyMs: notifyIntervalMs(env, process.pid),
  });
  try {
    const startDaemon = await loadDaemon();
    const onReload = reloadProcess(config, log, keys);
    daemon = await startDaemon({ settings, log, clock, keys, trail, announce, watchdog, onReload });
    young.letGrow();
    daemon.ended.then(({ code }) => finish(code));
    if (hungUp) daemon.reload('SIGHUP');
    if (firstSignalAt !== undefined) stop(daemon);
    return await finished;
  } catch (error) {
    // A person has to fix something: one clear line. Anything else is logged with its stack.
    const fixable = error instanceof SetupError || error instanceof FullError;
    if (fixable) terminal.err(`event-sink: ${redact(describe(error))}`);
    else log.fatal(fieldsOf(error), 'daemon.failed');
    return exitCodes.failed;
  } finally {
    young.close();
    keys.close();
    await watchdog.close();
    for (const [event, listener] of listeners) signals.off(event, listener);
  }
}

/** What lives as long as the process, and takes over other settings while it runs. */
function reloadProcess(first: Config, log: AdjustableLog, keys: LivingKeyRing): (config: Config) => readonly string[] {
  let before = first;
  return config => {
    const [old, taken] = [before, []] as [Config, string[]];
    before = config;
    if (config.log.level !== old.log.level) {
      log.setLevel(config.log.level);
      taken.push('log');
    }
    if (!sameSlice(config.keys, old.keys)) {
      keys.use(config.keys);
      taken.push('keys');
    }
    return taken;
  };
}

function fieldsOf(error: unknown): object {
  return { reason: describe(error), stack: error instanceof Error ? error.stack : undefined };
}
