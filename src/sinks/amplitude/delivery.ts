import { TransientError } from '../../errors.js';
import type { WriteResult } from '../sink.js';
import type { Answer } from './answer.js';
import type { AmplitudeEvent } from './compile.js';
import type { Parcel } from './encoded-event.js';
import type { Throttle } from './throttle.js';

export interface Channel {
  /** @throws TransientError, SetupError */
  send(parcels: readonly Parcel[]): Promise<Answer>;
  /** Resolves when the door is open to a request that no event can spoil. @throws TransientError, SetupError */
  knock(): Promise<void>;
}

interface Group {
  readonly parcels: readonly Parcel[];
  /** Requests that named a bad event and were sent again without it. */
  readonly rounds: number;
}

/** Below Amplitude's 1 MB and 2,000 events a request (HTTP V2 API, "Upload limit"). */
const maxBytes = 900_000;
const maxEvents = 1_900;
/** After so many, a bad event is searched by halves: the server names only the first of each kind. */
const maxRounds = 3;

/** One parcel an id, in order. */
export function pack(events: readonly AmplitudeEvent[]): Parcel[] {
  const positions = new Map<string, number[]>();
  const first: AmplitudeEvent[] = [];
  for (const [index, event] of events.entries()) {
    const known = positions.get(event.insert_id);
    if (known !== undefined) {
      known.push(index);
      continue;
    }
    positions.set(event.insert_id, [index]);
    first.push(event);
  }
  return first.map(event => ({
    indexes: positions.get(event.insert_id) ?? [],
    json: JSON.stringify(event),
    user: event.user_id,
    device: event.device_id,
  }));
}

/**
 * Sends parcels until each has a verdict: accepted, rejected with a reason, or put off because its user or device is throttled.
 *
 * A line of groups; the first is sent next, one at a time, so that Amplitude sees the events of a device in their order. A group is accepted
 * whole; or loses the events that the answer names and goes back to the front; or, when the answer names none, is cut in halves, down to the
 * one event that is to blame. Every answer accepts, names or halves, so the number of requests is below twice the number of events.
 */
export async function deliver(parcels: readonly Parcel[], channel: Channel, throttle: Throttle): Promise<WriteResult> {
  const rejected = new Map<Parcel, string>();
  const deferred: Parcel[] = [];
  const groups: Group[] = requests(parcels);
  let open = false;
  for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
    const sendable: Parcel[] = [];
    for (const parcel of group.parcels) (throttle.holds(parcel) ? deferred : sendable).push(parcel);
    if (sendable.length === 0) continue;

    const answer = await channel.send(sendable);
    if (answer.kind === 'accepted') continue;
    if (answer.kind === 'refused') {
      if (answer.forbidden && !open) {
        await channel.knock();
        open = true;
      }
      const [only] = sendable;
      if (sendable.length === 1 && only !== undefined) rejected.set(only, answer.reason);
      else groups.unshift(...halves(sendable));
      continue;
    }

    const { throttled } = answer;
    if (throttled !== undefined) throttle.add(throttled, sendable);
    const rest: Parcel[] = [];
    for (const [position, parcel] of sendable.entries()) {
      const reason = answer.rejected.get(position);
      if (reason !== undefined) rejected.set(parcel, reason);
      else if (throttle.holds(parcel)) deferred.push(parcel);
      else rest.push(parcel);
    }
    if (rest.length === sendable.length && throttled !== undefined) {
      throw new TransientError('Amplitude throttles users that are not in the request', {
        retryAfterMs: throttled.waitMs,
      });
    }
    if (rest.length === sendable.length && rest.length === 1) {
      for (const parcel of rest) rejected.set(parcel, 'Amplitude refused the event, naming another');
    } else if (rest.length === sendable.length || group.rounds + 1 >= maxRounds) {
      groups.unshift(...halves(rest));
    } else if (rest.length > 0) {
      groups.unshift({ parcels: rest, rounds: group.rounds + 1 });
    }
  }
  const late = new Set(deferred);
  return {
    rejected: [...rejected].flatMap(([parcel, reason]) => parcel.indexes.map(index => ({ index, reason }))),
    ...(deferred.length === 0
      ? {}
      : { deferred: { indexes: deferred.flatMap(parcel => parcel.indexes), retryAfterMs: throttle.waitMs(deferred) } }),
    duplicates: parcels
      .filter(parcel => !rejected.has(parcel) && !late.has(parcel))
      .reduce((sum, parcel) => sum + parcel.indexes.length - 1, 0),
  };
}

/** Cuts by what one request may hold. An event that is too large by itself travels alone: the server has the last word. */
function requests(parcels: readonly Parcel[]): Group[] {
  const groups: Parcel[][] = [];
  let current: Parcel[] = [];
  let bytes = 0;
  for (const parcel of parcels) {
    const size = Buffer.byteLength(parcel.json) + 1;
    if (current.length > 0 && (bytes + size > maxBytes || current.length === maxEvents)) {
      groups.push(current);
      current = [];
      bytes = 0;
    }
    current.push(parcel);
    bytes += size;
  }
  if (current.length > 0) groups.push(current);
  return groups.map(group => ({ parcels: group, rounds: 0 }));
}

function halves(parcels: readonly Parcel[]): Group[] {
  const middle = Math.ceil(parcels.length / 2);
  return [parcels.slice(0, middle), parcels.slice(middle)]
    .filter(half => half.length > 0)
    .map(half => ({ parcels: half, rounds: 0 }));
}
