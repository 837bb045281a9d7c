/**
 * Looks again and again until the condition gives something that is neither false nor undefined, and resolves with
 * that. A condition that throws counts as not yet. After `mostMs` it says what it waited for in vain, and the last
 * error.
 */
export async function until<Result>(
  condition: () => Result | false | undefined | Promise<Result | false | undefined>,
  what: string,
  maxMs = 10_000,
  everyMs = 5,
): Promise<Result> {
  const deadline = performance.now() + maxMs;
  for (;;) {
    let lastError: unknown;
    try {
      const result = await condition();
      if (result !== false && result !== undefined) return result;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() > deadline) {
      const reason = lastError === undefined ? '' : ` (${lastError})`;
      throw new Error(`waited ${maxMs} ms in vain for: ${what}${reason}`, { cause: lastError });
    }
    await new Promise(resolve => setTimeout(resolve, everyMs));
  }
}
