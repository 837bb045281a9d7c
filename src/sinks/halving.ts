import type { Clock } from '../clock.js';
import type { Event } from '../events/event.js';
import { halves } from '../halves.js';
import type { Refusals } from './refusals.js';
import type { WriteResult } from './sink.js';

/** Why all of a request was refused; or, by their positions in it, which alone, while the others were taken. */
export type Refusal = string | ReadonlyMap<number, string>;

/** One id of a batch: its first event, and every position that has the id. */
interface Unique {
  readonly event: Event;
  readonly indexes: number[];
}

/** After this long, a batch that is still cut in halves goes on in the next write, ms. Below every write deadline. */
const patienceMs = 20_000;
const retryAfterMs = 1_000;
/** Where a run of events was refused alike, as many of the rest are tried before a setting is to blame. */
const samples = 5;

/**
 * Writes each id of a batch once, in as few requests as its destination lets. A destination that refuses a request
 * without naming an event is sent the halves of it, down to the one event that is to blame: fewer than twice as many
 * requests as events. What is not sent in time is deferred, so that a slow destination gets on, too.
 *
 * @param send resolves with what was refused of these, or undefined: all were taken. Its errors are the write's.
 * @param refusals where every event may be refused for the sake of a setting
 * @throws SetupError when it is a setting
 */
export async function writeByHalves(
  events: readonly Event[],
  send: (events: readonly Event[]) => Promise<Refusal | undefined>,
  clock: Pick<Clock, 'monotonic'>,
  refusals?: Refusals,
): Promise<WriteResult> {
  const all = uniqueById(events);
  const reasons = new Map<Unique, string>();
  let groups: (readonly Unique[])[] = [all];
  /** A few of the others, each alone. Resolves with what is left as soon as one of them fares differently. */
  const tryOthers = async (rest: readonly Unique[], reason: string, run: Refusals): Promise<Unique[][]> => {
    const tried = new Set<Unique>();
    for (const one of sampleOf(rest)) {
      const refusal = await send([one.event]);
      tried.add(one);
      if (refusal === undefined) await run.taken();
      else reasons.set(one, typeof refusal === 'string' ? refusal : (refusal.get(0) ?? reason));
      if (refusal !== undefined && run.refused(reasons.get(one)!)) continue;
      const left = rest.filter(other => !tried.has(other));
      return left.length === 0 ? [] : [left];
    }
    throw await run.fault(reason);
  };
  const began = clock.monotonic();
  for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
    const refusal = await send(group.map(({ event }) => event));
    const [only] = group;
    if (refusal === undefined || (typeof refusal !== 'string' && refusal.size < group.length)) await refusals?.taken();
    if (refusal === undefined) continue;
    if (typeof refusal !== 'string') {
      for (const [position, reason] of refusal) reasons.set(group[position]!, reason);
    } else if (group.length === 1 && only !== undefined) {
      reasons.set(only, refusal);
      if (refusals?.refused(refusal) === true) groups = await tryOthers(groups.flat(), refusal, refusals);
    } else groups.unshift(...halves(group));
    if (clock.monotonic() - began > patienceMs) break;
  }
  const deferred = groups.flat();
  const late = new Set(deferred);
  const taken = all.filter(one => !reasons.has(one) && !late.has(one));
  return {
    rejected: [...reasons].flatMap(([{ indexes }, reason]) => indexes.map(index => ({ index, reason }))),
    duplicates: taken.reduce((sum, { indexes }) => sum + indexes.length - 1, 0),
    ...(deferred.length === 0
      ? {}
      : { deferred: { indexes: deferred.flatMap(({ indexes }) => indexes), retryAfterMs } }),
  };
}

function uniqueById(events: readonly Event[]): Unique[] {
  const byId = new Map<string, Unique>();
  for (const [index, event] of events.entries()) {
    const known = byId.get(event.id);
    if (known === undefined) byId.set(event.id, { event, indexes: [index] });
    else known.indexes.push(index);
  }
  return [...byId.values()];
}

function sampleOf<Item>(items: readonly Item[]): readonly Item[] {
  const step = Math.max(1, Math.ceil(items.length / samples));
  return items.filter((_item, index) => index % step === 0);
}
