/** The checks of one hour, and how many of them found the service working. */
export interface Hour {
  /** Epoch ms. */
  readonly hour: number;
  readonly checks: number;
  readonly good: number;
}

const hourMs = 3_600_000;
const hoursKept = 24;

/** With one check more, and without hours that are older than a day. */
export function counted(hours: readonly Hour[], at: number, good: boolean): readonly Hour[] {
  const hour = at - (at % hourMs);
  const kept = hours.filter(one => one.hour > hour - hoursKept * hourMs && one.hour <= hour);
  const last = kept.at(-1);
  const before = last?.hour === hour ? last : { hour, checks: 0, good: 0 };
  const others = before === last ? kept.slice(0, -1) : kept;
  return [...others, { hour, checks: before.checks + 1, good: before.good + (good ? 1 : 0) }];
}

/** Percent of the checks of the last 24 hours; undefined without any. Checks that were not made count neither way. */
export function uptimeOf(hours: readonly Hour[]): number | undefined {
  const checks = hours.reduce((sum, one) => sum + one.checks, 0);
  const good = hours.reduce((sum, one) => sum + one.good, 0);
  return checks === 0 ? undefined : Math.round((good / checks) * 1e5) / 1e3;
}

/**
 * Without the checks of a time that turns out to have been maintenance: as many as its
 * share of each hour, failed ones first.
 */
export function excused(hours: readonly Hour[], from: number, until: number, now: number): readonly Hour[] {
  return hours.map(one => {
    const end = Math.min(one.hour + hourMs, Math.max(now, one.hour + 1));
    const covered = Math.max(0, Math.min(end, until) - Math.max(one.hour, from));
    const left = one.checks - Math.round((covered / (end - one.hour)) * one.checks);
    return { ...one, checks: left, good: Math.min(one.good, left) };
  });
}
