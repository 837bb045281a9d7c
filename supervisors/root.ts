import type { Clock } from '../src/clock.js';
import type { Config } from '../src/config/config.js';
import type { KeyRing } from '../src/keys/keys.js';
import type { Log } from '../src/log.js';
import { superviseSpine } from './spine.js';
import { growTree } from './tree.js';

export interface DaemonOptions {
  readonly config: Config;
  readonly log: Log;
  readonly clock: Clock;
  readonly keys: KeyRing;
  /** Tells a person at the terminal. */
  announce(line: string): void;
}

export interface Daemon {
  /** Where the API is, `http://127.0.0.1:8080`. */
  readonly address: string;
  /** Ends everything in order, within SHUTDOWN_SECONDS. Never rejects. */
  stop(): Promise<void>;
  /** Ends every wait at once, for the second signal. */
  stopNow(): void;
  /** Resolves when the daemon has given up by itself. */
  readonly ended: Promise<{ readonly code: number }>;
}

/**
 * The root supervisor: grows the tree and keeps it standing.
 * @throws when the first start fails: SetupError (a busy port, a locked folder), or what was thrown
 */
export async function startDaemon({ config, log, clock, keys, announce }: DaemonOptions): Promise<Daemon> {
  const began = clock.monotonic();
  const spine = await superviseSpine({
    grow: onFailure => growTree({ config, log, clock, keys, onFailure }),
    clock,
    log,
  });
  const { address } = spine.tree;
  log.info({ address, ms: Math.round(clock.monotonic() - began) }, 'daemon.started');
  announce(`event-sink listens on ${address}`);
  return {
    get address() {
      return spine.tree.address;
    },
    ended: spine.ended,
    stop: async () => {
      await spine.stop(config.shutdownMs);
      log.info({}, 'daemon.stopped');
    },
    stopNow: () => spine.stopNow(),
  };
}
