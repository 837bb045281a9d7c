import type { Clock } from '../src/clock.js';
import type { Config } from '../src/config.js';
import { describe, SetupError } from '../src/errors.js';
import type { KeyRing } from '../src/keys.js';
import type { Log } from '../src/log.js';
import { Intensity } from './intensity.js';
import { growTree, type Tree } from './tree.js';

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
 * The root supervisor. The spine (storage, broker, HTTP) stands or falls together: when one of them fails for good, the whole tree is taken
 * down and grown anew from what is on the disk, at most five times in a minute; beyond that the daemon gives up with exit code 1.
 * @throws when the first start fails: SetupError (a busy port, a locked folder), or what was thrown
 */
export async function startDaemon({ config, log, clock, keys, announce }: DaemonOptions): Promise<Daemon> {
  const intensity = new Intensity(clock);
  const stopping = new AbortController();
  let giveUp: (ended: { code: number }) => void;
  const ended = new Promise<{ code: number }>(resolve => {
    giveUp = resolve;
  });
  let tree: Tree;
  let regrowing: Promise<void> = Promise.resolve();

  const grow = (): Promise<Tree> => growTree({ config, log, clock, keys, onFailure: fail });

  const fail = (what: string, error: unknown): void => {
    if (stopping.signal.aborted) return;
    const reason = describe(error);
    const again = intensity.allows();
    log.error({ what, reason, stack: error instanceof Error ? error.stack : undefined }, 'spine.failed');
    regrowing = regrowing.then(async () => {
      await tree.stop(again ? 2_000 : 0);
      if (!again || stopping.signal.aborted) return fatal(what, reason);
      await clock.sleep(100 * 2 ** intensity.recent, stopping.signal);
      if (stopping.signal.aborted) return;
      try {
        tree = await grow();
        log.info({ what }, 'spine.restarted');
      } catch (restartError) {
        if (restartError instanceof SetupError) fatal(what, describe(restartError));
        else fail(what, restartError);
      }
    });
  };

  const fatal = (what: string, reason: string): void => {
    if (stopping.signal.aborted) return;
    log.fatal({ what, reason }, 'daemon.failed');
    giveUp({ code: 1 });
  };

  const began = clock.monotonic();
  tree = await grow();
  log.info({ address: tree.address, ms: Math.round(clock.monotonic() - began) }, 'daemon.started');
  announce(`event-sink listens on ${tree.address}`);

  return {
    get address() {
      return tree.address;
    },
    ended,
    stop: async () => {
      stopping.abort();
      await regrowing;
      await tree.stop(config.shutdownMs);
      log.info({}, 'daemon.stopped');
    },
    stopNow: () => {
      stopping.abort();
      tree.giveUp();
    },
  };
}
