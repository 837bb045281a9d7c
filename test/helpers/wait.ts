/** A machine may be this slow, ms. */
export const patienceMs = 60_000;

/**
 * Looks again and again until the condition gives something that is neither false nor undefined, and resolves with
 * that. A condition that throws counts as not yet. After `maxMs` it says what it waited for in vain, and the last
 * error. A limit below a minute counts the rests between looks, and neither the looks nor how late the process wakes:
 * on a machine that is busy it is longer, up to the minute.
 */
export async function until<Result>(
  condition: () => Result | false | undefined | Promise<Result | false | undefined>,
  what: string,
  maxMs = patienceMs,
  everyMs = 5,
): Promise<Result> {
  const began = performance.now();
  for (let rested = 0; ; rested += everyMs) {
    let lastError: unknown;
    try {
      const result = await condition();
      if (result !== false && result !== undefined) return result;
    } catch (error) {
      lastError = error;
    }
    const passed = performance.now() - began;
    if (passed > maxMs && (rested >= maxMs || passed > patienceMs)) {
      const reason = lastError === undefined ? '' : ` (${lastError})`;
      throw new Error(`waited ${maxMs} ms in vain for: ${what}${reason}`, { cause: lastError });
    }
    await new Promise(resolve => setTimeout(resolve, everyMs));
  }
}
