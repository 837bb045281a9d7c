import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  /** ms; after it `until` throws. */
  readonly within?: number;
  /** ms between two looks. */
  readonly every?: number;
}

/**
 * Looks again and again until the condition gives something that is neither false nor undefined, and resolves with that.
 * A condition that throws counts as not yet; its last error is told when time is up.
 */
export async function until<Result>(
  what: string,
  condition: () => Result | false | undefined | Promise<Result | false | undefined>,
  { within = 10_000, every = 20 }: Patience = {},
): Promise<Result> {
  const deadline = performance.now() + within;
  for (;;) {
    let trouble: unknown;
    try {
      const result = await condition();
      if (result !== false && result !== undefined) return result;
    } catch (error) {
      trouble = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`not within ${within} ms: ${what}${trouble ? ` (${trouble})` : ''}`, { cause: trouble });
    }
    await sleep(every);
  }
}
