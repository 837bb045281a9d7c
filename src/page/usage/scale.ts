const niceSteps = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10] as const;

/** Half of the scale: a round number that is whole, and at least half of the largest value. */
export function niceStep(max: number): number {
  const half = Math.max(1, max / 2);
  const power = 10 ** Math.floor(Math.log10(half));
  return niceSteps.map(nice => nice * power).find(step => step >= half && Number.isInteger(step)) ?? 10 * power;
}
