import type { Span } from '../spans.js';
import type { Calls } from '../storage/calls.js';
import { type LogExtent, type LogSpan, minRowMs, type TrafficSum } from '../storage/traffic.js';
import { type Amounts, costOf, type LeftOutReason, type OutageCost, type Week } from './cost.js';
import { historyOf, type State } from './history.js';
import { daysOfUtc, weeksBefore } from './zone.js';

interface Time {
  /** Epoch ms. */
  readonly from: number;
  readonly until: number;
}

/** An expectation rests on the same hours of these weeks. */
const weeks = [1, 2, 3, 4] as const;
/** How far back before an outage its service's history is asked for, with a day for clocks that change, ms. */
const comparedMs = 29 * 86_400_000;
/** The longest outages of a service that are counted at once. */
const maxOutages = 500;

/** An outage with the logs that were counted in it, and how far. */
interface Counted {
  readonly time: Time;
  readonly logs: readonly LogExtent[];
}

/**
 * What the windows of the NGINX logs say of outages. What cannot be known is left out: an outage that lies before the
 * logs, or that they have not come to yet, has no cost.
 */
export class OutageCosts {
  readonly #storage: Pick<Calls, 'read'>;

  constructor(storage: Pick<Calls, 'read'>) {
    this.#storage = storage;
  }

  /**
   * For each outage of a service, in its order.
   * @param zone in which the same hours of another week have the same clock time
   */
  async of(service: string, outages: readonly Time[], zone: string): Promise<(OutageCost | undefined)[]> {
    const extents = outages.length === 0 ? [] : await this.#storage.read('trafficLogs');
    if (extents.length === 0) return outages.map(() => undefined);
    const history = await this.#historyBefore(service, outages);
    const longest = [...outages].sort((a, b) => b.until - b.from - (a.until - a.from)).slice(0, maxOutages);
    const counted = new Map(longest.map(outage => [outage, countedOf(outage, extents)]));
    const plans = outages.map(outage => {
      const one = counted.get(outage);
      return one === undefined ? undefined : planOf(one, history, zone);
    });
    const spans = plans.flatMap(plan => plan?.spans ?? []);
    const sums = (await this.#storage.read('trafficSums', { spans }))[Symbol.iterator]();
    return plans.map(plan => {
      if (plan === undefined) return undefined;
      const next = (): Amounts | undefined => amountsOf(plan.logs.map(() => sums.next().value as TrafficSum));
      const during = next();
      const compared = plan.weeks.map((week): Week => {
        if (week.leftOut !== undefined) return { from: week.from, leftOut: week.leftOut };
        const amounts = next();
        return amounts === undefined ? { from: week.from, leftOut: 'no_log' } : { from: week.from, amounts };
      });
      return during === undefined ? undefined : costOf(plan.time, during, compared);
    });
  }

  async #historyBefore(service: string, outages: readonly Time[]): Promise<Span<State>[]> {
    const begins = outages.map(({ from }) => from);
    const [first, last] = [begins.reduce((a, b) => Math.min(a, b)), begins.reduce((a, b) => Math.max(a, b))];
    const range = { from: first - comparedMs, until: last };
    // Response times are of no interest.
    const query = { service, ...range, ...daysOfUtc(range.from, range.from) };
    return historyOf(await this.#storage.read('availability', query), range.from, range.until);
  }
}

/** Undefined where no log was counted in that time. */
function countedOf({ from, until }: Time, extents: readonly LogExtent[]): Counted | undefined {
  const logs = extents.filter(log => log.since <= from && rowStart(log, log.until) > from);
  // A row that is begun may still become more.
  const end = Math.min(until, ...logs.map(log => rowStart(log, log.until)));
  return logs.length === 0 || end <= from ? undefined : { time: { from, until: end }, logs };
}

/** What is to be summed: the outage in each log, then the weeks that are not left out. */
function planOf({ time, logs }: Counted, history: readonly Span<State>[], zone: string) {
  const compared = weeks.map(number => {
    const from = weeksBefore(zone, time.from, number);
    const week = { from, until: from + time.until - time.from };
    const isBeforeLogs = logs.some(log => rowStart(log, from) < log.since);
    // An outage of more than a week is in its own way.
    const own = week.until > time.from ? ('down' as const) : undefined;
    return { ...week, leftOut: isBeforeLogs ? ('no_log' as const) : (own ?? leftOutBy(history, week)) };
  });
  const summed = [time, ...compared.filter(({ leftOut }) => leftOut === undefined)];
  const spans = summed.flatMap(({ from }) => logs.map(log => spanOf(log, from, time)));
  return { time, logs, weeks: compared, spans };
}

/** Whole rows, and as many of them in each week. */
function spanOf(log: LogExtent, from: number, time: Time): LogSpan {
  const first = rowStart(log, from);
  const count = Math.max(1, Math.ceil((time.until - rowStart(log, time.from)) / rowMs(log)));
  return { log: log.log, seconds: log.seconds, from: first, until: first + count * rowMs(log) };
}

function rowStart(log: LogExtent, at: number): number {
  return Math.floor(at / rowMs(log)) * rowMs(log);
}

function rowMs({ seconds }: LogExtent): number {
  return Math.max(minRowMs, seconds * 1000);
}

const worstFirst = ['down', 'maintenance', 'unknown'] as const;

/** A week in which the service was not up all the time, or nobody looked, is no measure of what is usual. */
function leftOutBy(history: readonly Span<State>[], { from, until }: Time): LeftOutReason | undefined {
  const states = new Set<State>();
  for (let at = firstAfter(history, from); at < history.length; at += 1) {
    const span = history[at] as Span<State>;
    if (span.from >= until) break;
    states.add(span.state);
  }
  if (states.size === 0) return 'unknown';
  return worstFirst.find(state => states.has(state));
}

/** Place of the first span that ends after then. */
function firstAfter(history: readonly Span<State>[], at: number): number {
  let [low, high] = [0, history.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((history[middle] as Span<State>).until > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** All logs together; undefined where one of them is not complete. */
function amountsOf(sums: readonly TrafficSum[]): Amounts | undefined {
  if (sums.some(({ incomplete }) => incomplete)) return undefined;
  const total = (amount: (sum: TrafficSum) => number): number => sums.reduce((all, sum) => all + amount(sum), 0);
  return {
    requests: total(({ requests }) => requests),
    visitors: sums.some(({ visitors }) => visitors === null) ? undefined : total(({ visitors }) => visitors ?? 0),
    downloads: total(({ downloads }) => downloads),
    failedUploads: total(({ failedUploads }) => failedUploads),
  };
}
