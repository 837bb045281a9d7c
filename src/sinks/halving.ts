import type { Clock } from '../clock.js';
import type { Event } from '../events/event.js';
import { halves } from '../halves.js';
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

/**
 * Writes each id of a batch once, in as few requests as its destination lets. A destination that refuses a request
 * without naming an event is sent the halves of it, down to the one event that is to blame: fewer than twice as many
 * requests as events. What is not sent in time, or before `halt` aborts, is deferred: a slow destination gets on, too.
 *
 * @param send resolves with what was refused of these, or undefined: all were taken. Its errors are the write's.
 */
export async function writeByHalves(
  events: readonly Event[],
  send: (events: readonly Event[]) => Promise<Refusal | undefined>,
  clock: Pick<Clock, 'monotonic'>,
  halt?: AbortSignal,
): Promise<WriteResult> {
  const all = uniqueById(events);
  const reasons = new Map<Unique, string>();
  const groups: (readonly Unique[])[] = [all];
  const began = clock.monotonic();
  const isOver = (): boolean => halt?.aborted === true || clock.monotonic() - began > patienceMs;
  for (let group = groups.shift(); group !== undefined; group = isOver() ? undefined : groups.shift()) {
    const refusal = await send(group.map(({ event }) => event));
    const [only] = group;
    if (refusal === undefined) continue;
    if (typeof refusal !== 'string') {
      for (const [position, reason] of refusal) reasons.set(group[position]!, reason);
    } else if (group.length === 1 && only !== undefined) reasons.set(only, refusal);
    else groups.unshift(...halves(group));
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
