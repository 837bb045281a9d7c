import type { Broker, DeadText } from '../broker/broker.js';
import { TransientError } from '../errors.js';
import { decode } from '../events/decode.js';
import type { Message } from '../events/message.js';
import type { People } from '../people/people.js';
import { textOf } from '../people/suppression.js';
import type { Outcome, Place } from './place.js';
import { reasonWithout } from './stored-events.js';

/** What RabbitMQ holds for these sinks; embedded queues are tables of the daemon's own storage. */
export function brokerPlaces(broker: Broker, sinks: readonly string[]): Place[] {
  if (broker.kind === 'embedded') return [];
  return sinks.flatMap(sink => [dead(broker, sink), waiting(broker, sink)]);
}

/** A queue cannot be searched: each message is looked at as it comes out, before it is delivered. */
function waiting(broker: Broker, sink: string): Place {
  let until: number | undefined;
  return {
    name: `queue of ${sink}`,
    async erase(): Promise<Outcome> {
      const row = (await broker.ledger()).sinks.find(one => one.sink === sink);
      const settled =
        row === undefined ? 0 : row.delivered + row.duplicates + row.filtered + row.too_old + row.erased + row.dead;
      const { ready, unsettled } = await broker.depth(sink);
      if (ready + unsettled === 0) return {};
      until ??= settled + ready + unsettled;
      if (settled < until)
        throw new TransientError(
          `${until - settled} events that were in the queue wait for ${sink}: those of the person are left out as they come`,
        );
      until = undefined;
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
