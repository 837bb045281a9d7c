/** Names of queues. They never change: what waits in a queue would be left behind. */

/** The queue that feeds a sink, unless its `*_QUEUE` setting names another. */
export function queueName(sink: string): string {
  return `event-sink.${sink}`;
}

export function deadLetterQueueName(sink: string): string {
  return `event-sink.${sink}.dead`;
}

/** Exclusive to the one daemon that hears the heartbeats of extractors. */
export const heartbeatQueueName = 'event-sink.heartbeats';
