import type { LineParser } from './line-parser.js';
import { slots } from './slots.js';
import { timeOf } from './time.js';

/** When the request of the line was that the parser has just read: epoch ms; NaN when the line does not say it. */
export function lineTime({ bounds, bytes }: LineParser): number {
  let slot: number = slots.msec;
  if (bounds[2 * slot]! < 0) slot = slots.timeIso;
  if (bounds[2 * slot]! < 0) slot = slots.timeLocal;
  const start = bounds[2 * slot]!;
  return start < 0 ? Number.NaN : timeOf(bytes, start, bounds[2 * slot + 1]!);
}
