import type { Broker, DeadText } from '../broker/broker.js';
import { TransientError } from '../errors.js';
import { decode } from '../events/decode.js';
import type { Message } from '../events/message.js';
import type { People } from '../people/people.js';
import { textOf } from '../people/suppression.js';
import type { Outcome, Place } from './place.js';
import { reasonWithout } from './stored-events.js';

interface QueueMark {
  /** How many events are settled when everything is that waited at the first try. */
  readonly until: number;
  /** How many were at the last one. */
  readonly settled: number;
}

/** By erasure and sink. */
export type QueueMarks = Map<string, QueueMark>;

/**
 * What RabbitMQ holds for these sinks; embedded queues are tables of the daemon's own storage. The marks outlive the
 * places, which may be made anew for each try: a queue that is never empty would have another mark each time.
 */
export function brokerPlaces(broker: Broker, sinks: readonly string[], marks: QueueMarks): Place[] {
  if (broker.kind === 'embedded') return [];
  return sinks.flatMap(sink => [dead(broker, sink), waiting(broker, sink, marks)]);
}

/** A queue cannot be searched: each message is looked at as it comes out, before it is delivered. */
function waiting(broker: Broker, sink: string, marks: QueueMarks): Place {
  return {
    name: `queue of ${sink}`,
    async erase(_people, { erasure }): Promise<Outcome> {
      const key = `${erasure} ${sink}`;
      // Before the ledger: what is settled between the two is counted twice, and none is left out.
      const { ready, unsettled } = await broker.depth(sink);
      const row = (await broker.ledger()).sinks.find(one => one.sink === sink);
      const settled =
        row === undefined ? 0 : row.delivered + row.duplicates + row.filtered + row.too_old + row.erased + row.dead;
      const waits = ready + unsettled;
      const before = marks.get(key);
      // A ledger that began anew would not come to the mark of the one before.
      const until = before === undefined || settled < before.settled ? settled + waits : before.until;
      if (waits > 0 && settled < until) {
        marks.set(key, { until, settled });
        throw new TransientError(
          `${until - settled} events that were in the queue wait for ${sink}: those of the person are left out as they come`,
        );
      }
      marks.delete(key);
      return {};
    },
  };
}

function dead(broker: Broker, sink: string): Place {
  return {
    name: `dead letters of ${sink}`,
    async erase(people): Promise<Outcome> {
      return (await broker.deadLetters.erase?.(sink, (message, reason) => textOfDead(message, reason, people))) ?? {};
    },
    async *export(people, signal) {
      let cursor: string | null = null;
      do {
        signal.throwIfAborted();
        const page = await broker.deadLetters.list({ sink, limit: 1000, ...(cursor === null ? {} : { cursor }) });
        for (const { key, id, reason, body, source, firstSeen } of page.deadLetters) {
          const left = textOfDead({ id, source, received: firstSeen, body }, reason, people);
          if (left?.body !== body || left.reason !== reason) yield { key, id, reason, body };
        }
        cursor = page.nextCursor;
      } while (cursor !== null);
    },
  };
}

/** What is left of a dead letter; undefined = nothing. */
function textOfDead(message: Message, reason: string, people: People): DeadText | undefined {
  const { body } = message;
  const decoded = decode(message, message.received);
  if (decoded.kind === 'undated') return { body, reason };
  const { event } = decoded;
  const judged = people.judge(event);
  if (judged === 'theirs') return undefined;
  return { body: judged === event ? body : textOf(judged), reason: reasonWithout(reason, event, people) };
}
