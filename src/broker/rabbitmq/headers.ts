/** Headers of our own messages. */
export const SOURCE = 'event-sink-source';
/** Epoch ms at the door. */
export const RECEIVED = 'event-sink-received';

/** Headers of dead letters, beside those. */
export const SINK = 'event-sink-sink';
export const REASON = 'event-sink-reason';
export const FAULT = 'event-sink-fault';
export const ATTEMPTS = 'event-sink-attempts';
/** Epoch ms. */
export const FIRST_SEEN = 'event-sink-first-seen';
export const DEAD_AT = 'event-sink-dead-at';
