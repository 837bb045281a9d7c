const minute = 60_000;
const hour = 60 * minute;

export interface Range {
  readonly id: string;
  readonly title: string;
  readonly words: string;
  readonly length: number;
  readonly step: number;
  /** How often the charts are asked for. */
  readonly everyMs: number;
}

export const ranges: readonly Range[] = [
  { id: '1h', title: '1 h', words: 'last hour', length: hour, step: minute, everyMs: 5_000 },
  { id: '24h', title: '24 h', words: 'last 24 hours', length: 24 * hour, step: 15 * minute, everyMs: minute },
  { id: '7d', title: '7 d', words: 'last 7 days', length: 7 * 24 * hour, step: 2 * hour, everyMs: 2 * minute },
];

/** Every page that is open asks the same question within a step, so that the daemon can give one answer to all. */
export function span(range: Range, offset: number): { from: number; to: number; step: number } {
  const to = Math.ceil((Date.now() + offset) / range.step) * range.step;
  return { from: to - range.length, to, step: range.step };
}
