import type { AuditTrail } from '../src/audit/trail.js';
import { backoffs, ceilingMs } from '../src/backoff.js';
import type { Clock } from '../src/clock.js';
import type { Config } from '../src/config/config.js';
import type { ReloadReport, RunningSettings } from '../src/config/running.js';
import { watchSettings } from '../src/config/settings-watch.js';
import { describe, FolderError, SetupError } from '../src/errors.js';
import type { Watchdog } from '../src/event-loop/watchdog.js';
import type { KeyRing } from '../src/keys/ring.js';
import type { Log } from '../src/log.js';
import { DataFolder } from '../src/storage/data-folder.js';
import { CorruptError } from '../src/storage/database-error.js';
import type { OnFailure } from './part.js';
import { Reloads } from './reload.js';
import { startTree, type Tree } from './tree.js';

/**
 * The tree of actors, as nact has it and `/v1/status` shows it:
 *
 *     root
 *     ├── broker
 *     │   └── publisher
 *     ├── delivery
 *     │   └── SINK              one for each configured sink
 *     │       ├── consumer
 *     │       └── sink
 *     └── ingress
 *         ├── extractors        with EXTRACTOR_HEARTBEATS
 *         ├── health            with HEALTH_TARGETS, or heartbeats
 *         │   └── TARGET
 *         ├── http
 *         ├── nginx-log         with NGINX_ACCESS_LOG
 *         │   └── NUMBER
 *         └── nginx-status      with NGINX_STATUS_URL
 *
 * Above it stands this file, beneath it storage, which is threads and not actors. A sink that throws is reset by its
 * supervisor. A listener that fails escalates to `ingress`, whose policy (`restartTree`) reports here by a closure, not
 * through nact's own root; storage that fails reports here as well. Either way the whole tree is taken down and started
 * again.
 */

export interface DaemonOptions {
  readonly settings: RunningSettings;
  readonly log: Log;
  readonly clock: Clock;
  readonly keys: KeyRing;
  readonly trail: AuditTrail;
  /** Writes a line for the person at the terminal. */
  announce(line: string): void;
  readonly watchdog?: Watchdog | undefined;
  /** Takes over other settings for what lives as long as the process, and returns what that was. */
  readonly onReload?: (config: Config) => readonly string[];
}

export interface Daemon {
  /** Where the API is, `http://127.0.0.1:8080`. */
  readonly address: string;
  /** Ends everything in order, within SHUTDOWN_SECONDS. Never rejects. */
  stop(): Promise<void>;
  /** Ends every wait at once, for the second signal. */
  stopNow(): void;
  /** Reads all settings anew, and the certificate of the listener. The log says what came of it. */
  reload(by: string): void;
  /** Resolves when the daemon has given up by itself. */
  readonly ended: Promise<{ readonly code: number }>;
}

/** @throws when the first start fails: SetupError (a busy port, a locked folder), or what was thrown */
export async function startDaemon({
  settings,
  log,
  clock,
  keys,
  trail,
  announce,
  watchdog,
  onReload = () => [],
}: DaemonOptions): Promise<Daemon> {
  const began = clock.monotonic();
  const folder = new DataFolder(settings.config.server.dataDir);
  const apply = async (config: Config): Promise<readonly string[]> => {
    const taken = onReload(config);
    await root.settled();
    return [...taken, ...(await root.tree.reload())];
  };
  const reloads = new Reloads({ settings, apply, audit: trail, log });
  const reload = (by: string): Promise<ReloadReport> => reloads.request(by);
  const start = (onFailure: OnFailure): Promise<Tree> =>
    startTree({ settings, reload, log, clock, keys, trail, folder, onFailure, watchdog });
  const root = await superviseTree({ start, clock, log });
  const stopping = new AbortController();
  const stopReloads = (): void => {
    reloads.close();
    stopping.abort();
  };
  void watchSettings({ settings, clock, signal: stopping.signal, onChange: () => reloads.requested('a changed file') });
  void root.ended.then(stopReloads);
  const { address } = root.tree;
  log.info({ address, ms: Math.round(clock.monotonic() - began) }, 'daemon.started');
  announce(`event-sink listens on ${address}`);
  return {
    get address() {
      return root.tree.address;
    },
    ended: root.ended,
    stop: async () => {
      stopReloads();
      await root.stop(settings.config.shutdownMs);
      log.info({}, 'daemon.stopped');
    },
    stopNow: () => root.stopNow(),
    reload: by => {
      root.tree.rereadCertificate();
      reloads.requested(by);
    },
  };
}

export interface RootOptions {
  readonly start: (onFailure: OnFailure) => Promise<Tree>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Root {
  /** The one that runs, or ran last. */
  readonly tree: Tree;
  /** Ends the wait for a new tree, then the tree that runs. */
  stop(timeoutMs: number): Promise<void>;
  stopNow(): void;
  /** Resolves when no tree is being started in place of another. */
  settled(): Promise<void>;
  /** Resolves when it has given up by itself. */
  readonly ended: Promise<{ readonly code: number }>;
}

/** For stopping a tree that has failed: what is not on the disk by now cannot be saved. */
const failedTreeTimeoutMs = 5_000;

/**
 * Starts the tree, and restarts it whole when a part of it fails for good: at most five times in a minute. Beyond that,
 * or when a person has to fix something first, the daemon ends, for the platform to start it again.
 *
 * A tree fails once: whatever else it reports belongs to the same failure. What a tree reports while it starts counts
 * only if the start succeeds: otherwise the error of the start says it.
 * @throws what the first start threw
 */
export async function superviseTree({ start, clock, log }: RootOptions): Promise<Root> {
  const intensity = new Intensity(clock);
  const stopping = new AbortController();
  let end: (ended: { code: number }) => void;
  const ended = new Promise<{ code: number }>(resolve => {
    end = resolve;
  });
  let tree: Tree;
  let restarting: Promise<void> = Promise.resolve();

  const startOne = async (): Promise<void> => {
    let failure: { what: string; error: unknown } | undefined;
    let runs = false;
    tree = await start((what, error) => {
      if (failure !== undefined) return;
      failure = { what, error };
      if (runs) fail(what, error);
    });
    runs = true;
    if (failure !== undefined) fail(failure.what, failure.error);
  };

  const fail = (what: string, error: unknown): void => {
    if (stopping.signal.aborted) return;
    const again = intensity.allows();
    const stack = error instanceof Error ? error.stack : undefined;
    if (again) log.error({ what, reason: describe(error), stack }, 'daemon.restarting');
    restarting = restarting.then(() => (again ? restart(what) : giveUp(what, error)));
  };

  const restart = async (what: string): Promise<void> => {
    await tree.stop(failedTreeTimeoutMs);
    await clock.sleep(ceilingMs(backoffs.tree, Math.max(0, intensity.recent - 1)), stopping.signal);
    if (stopping.signal.aborted) return;
    try {
      await startOne();
      log.info({ what }, 'daemon.restarted');
    } catch (error) {
      if (error instanceof SetupError) await giveUp(what, error);
      else fail(what, error);
    }
  };

  const giveUp = async (what: string, error: unknown): Promise<void> => {
    await tree.stop(0);
    if (stopping.signal.aborted) return;
    const stack = error instanceof Error ? error.stack : undefined;
    log.fatal({ what, reason: describe(error), stack }, 'daemon.failed');
    // 2 tells the platform not to start it again: a fresh process would take the wrong folder for a new one.
    end({ code: error instanceof FolderError ? 2 : 1 });
  };

  await startOne().catch(error => {
    // The next start salvages what can be read.
    if (!(error instanceof CorruptError)) throw error;
    log.error({ what: 'storage', reason: describe(error) }, 'daemon.restarting');
    return startOne();
  });
  return {
    get tree() {
      return tree;
    },
    ended,
    settled: () => restarting,
    stop: async timeoutMs => {
      stopping.abort();
      await restarting;
      await tree.stop(timeoutMs);
    },
    stopNow: () => {
      stopping.abort();
      tree.giveUp();
    },
  };
}

const restartIntensity = { restarts: 5, withinMs: 60_000 } as const;

/** Restart intensity, as in OTP: counts the failures of the last minute. */
export class Intensity {
  #failures: number[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts one more. False when there have been too many: give up. */
  allows(): boolean {
    const now = this.#clock.monotonic();
    this.#failures = [...this.#failures, now].filter(at => now - at < restartIntensity.withinMs);
    return this.#failures.length <= restartIntensity.restarts;
  }

  /** How many failures are remembered: the wait before the next start grows with it. */
  get recent(): number {
    return this.#failures.length;
  }
}
