/**
 * Headers of our own messages; their names never change. Others read them, and messages of older daemons wait in
 * queues.
 */
export const headerNames = {
  source: 'event-sink-source',
  /** When the event arrived at the first daemon, epoch ms. */
  received: 'event-sink-received',
  /** The daemon that published it, what the number counts (the exchange or a queue), and the number: for the ledger. */
  daemon: 'event-sink-daemon',
  numberedFor: 'event-sink-numbered-for',
  number: 'event-sink-number',
} as const;

/** Headers that a dead letter has beside those. */
export const deadLetterHeaderNames = {
  sink: 'event-sink-sink',
  reason: 'event-sink-reason',
  fault: 'event-sink-fault',
  attempts: 'event-sink-attempts',
  /** Epoch ms, as `deadAt`. */
  firstSeen: 'event-sink-first-seen',
  deadAt: 'event-sink-dead-at',
} as const;
