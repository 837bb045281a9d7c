/** Names of queues. They never change: what waits in a queue would be left behind. */

/** The queue that feeds a sink, unless its `*_QUEUE` setting names another. */
export function queueName(sink: string): string {
  return `event-sink.${sink}`;
}

/** The sink whose queue this would be; undefined for any other name. */
export function sinkOfQueue(queue: string): string | undefined {
  return /^event-sink\.([a-z0-9]+(?:\.[a-z0-9-]+){0,2})$/.exec(queue)?.[1];
}

export function deadLetterQueueName(sink: string): string {
  return `event-sink.${sink}.dead`;
}

/** Exclusive to the one daemon that hears the heartbeats of extractors. */
export const heartbeatQueueName = 'event-sink.heartbeats';

/** Copies of what passes on the broker, for the one daemon that follows extractions. */
export const traceQueueName = 'event-sink.extractions';
