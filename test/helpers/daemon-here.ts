import { AuditTrail } from '../../src/audit/trail.js';
import type { Clock } from '../../src/clock.js';
import { RunningSettings } from '../../src/config/running.js';
import type { Watchdog } from '../../src/event-loop/watchdog.js';
import { keyEntry } from '../../src/keys/keys.js';
import { type Log, silentLog } from '../../src/log.js';
import { localSink } from '../../src/sinks/local.js';
import type { SinkDefinition } from '../../src/sinks/sink.js';
import { type Daemon, startDaemon } from '../../supervisors/root.js';
import { hastyClock } from './clock.js';
import { keyRing } from './key-ring.js';
import type { ScriptedSink } from './scripted-sink.js';

export interface DaemonHere {
  readonly dir: string;
  /** Sinks that do what the test says, beside the local store. */
  readonly sinks?: Readonly<Record<string, ScriptedSink>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly log?: Log;
  readonly watchdog?: Watchdog;
  readonly clock?: Clock;
}

const key = 'daemon-test-key';

/** The whole daemon in this process. */
export async function startDaemonHere({
  dir,
  sinks = {},
  env = {},
  log = silentLog,
  clock = hastyClock(100),
  watchdog,
}: DaemonHere): Promise<Daemon> {
  const scripted = Object.entries(sinks).map(([name, { definition }]) => ({
    ...definition,
    name,
    prefix: name.toUpperCase(),
  }));
  const opened = RunningSettings.open(
    {
      env: { PORT: '0', DATA_DIR: dir, SHUTDOWN_SECONDS: '5', ...env },
      readFile: () => '',
      registry: [localSink as unknown as SinkDefinition, ...scripted],
    },
    clock,
  );
  if ('problems' in opened) throw new Error(JSON.stringify(opened.problems));
  const entry = keyEntry(key, 'test', ['publish', 'read', 'admin']);
  return startDaemon({
    settings: opened.settings,
    log,
    clock,
    trail: new AuditTrail(log, clock),
    keys: keyRing(presented => (presented === key ? entry : undefined)),
    announce: () => {},
    watchdog,
  });
}

/** With a key that may do everything. */
export function callDaemon(daemon: Daemon, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(daemon.address + path, { ...init, headers: { 'x-api-key': key, 'content-type': 'application/json' } });
}
