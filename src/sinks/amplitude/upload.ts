import { TransientError } from '../../errors.js';
import { halves } from '../../halves.js';
import type { WriteResult } from '../sink.js';
import type { Answer } from './answer.js';
import type { AmplitudeEvent } from './compile.js';
import type { EncodedEvent } from './encoded-event.js';
import type { Throttle } from './throttle.js';

export interface Transport {
  /** @throws TransientError, SetupError */
  send(encoded: readonly EncodedEvent[]): Promise<Answer>;
  /** Resolves when a request that no event can spoil is taken. @throws TransientError, SetupError */
  check(): Promise<void>;
}

interface Group {
  readonly encoded: readonly EncodedEvent[];
  /** Requests that named a bad event and were sent again without it. */
  readonly rounds: number;
}

/** Below Amplitude's 1 MB and 2,000 events a request (HTTP V2 API, "Upload limit"). */
const maxBytes = 900_000;
const maxEvents = 1_900;
/** After this many, a bad event is searched by halves: the server names only the first of each kind. */
const maxRounds = 3;

/** One for each id, in order. */
export function pack(events: readonly AmplitudeEvent[]): EncodedEvent[] {
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
 * Sends events until each is accepted, rejected with a reason, or put off because its user or device is throttled.
 *
 * A line of groups; the first is sent next, one at a time, so that Amplitude sees the events of a device in their
 * order. A group is accepted whole; or loses the events that the answer names and goes back to the front; or, when the
 * answer names none, is cut in halves, down to the one event that is to blame. Every answer accepts, names or halves,
 * so the number of requests is below twice the number of events.
 */
export async function upload(
  encoded: readonly EncodedEvent[],
  transport: Transport,
  throttle: Throttle,
): Promise<WriteResult> {
  const rejected = new Map<EncodedEvent, string>();
  const deferred: EncodedEvent[] = [];
  const groups: Group[] = requests(encoded);
  let open = false;
  for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
    const sendable: EncodedEvent[] = [];
    for (const event of group.encoded) (throttle.holds(event) ? deferred : sendable).push(event);
    if (sendable.length === 0) continue;

    const answer = await transport.send(sendable);
    if (answer.kind === 'accepted') continue;
    if (answer.kind === 'refused') {
      if (answer.forbidden && !open) {
        await transport.check();
        open = true;
      }
      const [only] = sendable;
      if (sendable.length === 1 && only !== undefined) rejected.set(only, answer.reason);
      else groups.unshift(...halved(sendable));
      continue;
    }

    const { throttled } = answer;
    if (throttled !== undefined) throttle.add(throttled, sendable);
    const rest: EncodedEvent[] = [];
    for (const [position, event] of sendable.entries()) {
      const reason = answer.rejected.get(position);
      if (reason !== undefined) rejected.set(event, reason);
      else if (throttle.holds(event)) deferred.push(event);
      else rest.push(event);
    }
    if (rest.length === sendable.length && throttled !== undefined) {
      throw new TransientError('Amplitude throttles users that are not in the request', {
        retryAfterMs: throttled.waitMs,
      });
    }
    if (rest.length === sendable.length && rest.length === 1) {
      for (const event of rest) rejected.set(event, 'Amplitude refused the event, naming another');
    } else if (rest.length === sendable.length || group.rounds + 1 >= maxRounds) {
      groups.unshift(...halved(rest));
    } else if (rest.length > 0) {
      groups.unshift({ encoded: rest, rounds: group.rounds + 1 });
    }
  }
  const late = new Set(deferred);
  return {
    rejected: [...rejected].flatMap(([event, reason]) => event.indexes.map(index => ({ index, reason }))),
    ...(deferred.length === 0
      ? {}
      : { deferred: { indexes: deferred.flatMap(event => event.indexes), retryAfterMs: throttle.waitMs(deferred) } }),
    duplicates: encoded
      .filter(event => !rejected.has(event) && !late.has(event))
      .reduce((sum, event) => sum + event.indexes.length - 1, 0),
  };
}

/**
 * Cuts by what one request may hold. An event that is too large by itself travels alone: the server has the last word.
 */
function requests(encoded: readonly EncodedEvent[]): Group[] {
  const groups: EncodedEvent[][] = [];
  let current: EncodedEvent[] = [];
  let bytes = 0;
  for (const event of encoded) {
    const size = Buffer.byteLength(event.json) + 1;
    if (current.length > 0 && (bytes + size > maxBytes || current.length === maxEvents)) {
      groups.push(current);
      current = [];
      bytes = 0;
    }
    current.push(event);
    bytes += size;
  }
  if (current.length > 0) groups.push(current);
  return groups.map(group => ({ encoded: group, rounds: 0 }));
}

function halved(encoded: readonly EncodedEvent[]): Group[] {
  return halves(encoded)
    .filter(half => half.length > 0)
    .map(half => ({ encoded: half, rounds: 0 }));
}
