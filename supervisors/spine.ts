import type { Clock } from '../src/clock.js';
import { describe, SetupError } from '../src/errors.js';
import type { Log } from '../src/log.js';
import { Intensity } from './intensity.js';
import type { OnFailure, Tree } from './tree.js';

export interface SpineOptions {
  readonly grow: (onFailure: OnFailure) => Promise<Tree>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Spine {
  readonly tree: Tree;
  /** Ends every wait for a new tree, then the tree that stands. */
  stop(patienceMs: number): Promise<void>;
  stopNow(): void;
  /** Resolves when it has given up by itself. */
  readonly ended: Promise<{ readonly code: number }>;
}

/** For a tree whose spine has failed: its waiting work cannot be saved, only what is on the disk. */
const patienceWithFailed = 5_000;

/**
 * The spine (storage, broker, HTTP) stands or falls together: when one of them fails for good, the whole tree is taken down and grown
 * anew from what is on the disk, at most five times in a minute; beyond that, or when a person has to fix something first, it ends.
 *
 * A tree fails once. What it reports beside that belongs to the same failure, and what a tree reports that could not be grown is told by
 * the growth itself.
 * @throws when the first tree cannot be grown, whatever was thrown
 */
export async function superviseSpine({ grow, clock, log }: SpineOptions): Promise<Spine> {
  const intensity = new Intensity(clock);
  const stopping = new AbortController();
  let end: (ended: { code: number }) => void;
  const ended = new Promise<{ code: number }>(resolve => {
    end = resolve;
  });
  let tree: Tree;
  let regrowing: Promise<void> = Promise.resolve();

  const plant = async (): Promise<void> => {
    let failure: { what: string; error: unknown } | undefined;
    let stands = false;
    const grown = await grow((what, error) => {
      if (failure !== undefined) return;
      failure = { what, error };
      if (stands) fail(what, error);
    });
    tree = grown;
    stands = true;
    if (failure !== undefined) fail(failure.what, failure.error);
  };

  const fail = (what: string, error: unknown): void => {
    if (stopping.signal.aborted) return;
    log.error(
      { what, reason: describe(error), stack: error instanceof Error ? error.stack : undefined },
      'spine.failed',
    );
    regrowing = regrowing.then(() => regrow(what, error));
  };

  const regrow = async (what: string, error: unknown): Promise<void> => {
    const again = intensity.allows();
    await tree.stop(again ? patienceWithFailed : 0);
    if (!again) return giveUp(what, error);
    await clock.sleep(100 * 2 ** intensity.recent, stopping.signal);
    if (stopping.signal.aborted) return;
    try {
      await plant();
      log.info({ what }, 'spine.restarted');
    } catch (restartError) {
      if (restartError instanceof SetupError) giveUp(what, restartError);
      else fail(what, restartError);
    }
  };

  const giveUp = (what: string, error: unknown): void => {
    if (stopping.signal.aborted) return;
    log.fatal({ what, reason: describe(error) }, 'daemon.failed');
    end({ code: 1 });
  };

  await plant();
  return {
    get tree() {
      return tree;
    },
    ended,
    stop: async patienceMs => {
      stopping.abort();
      await regrowing;
      await tree.stop(patienceMs);
    },
    stopNow: () => {
      stopping.abort();
      tree.giveUp();
    },
  };
}
