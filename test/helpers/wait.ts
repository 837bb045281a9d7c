/** Waits, bounded, until the condition holds; says what it waited for when it does not. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, mostMs = 10_000): Promise<void> {
  const deadline = performance.now() + mostMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited ${mostMs} ms in vain for: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}
