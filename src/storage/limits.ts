/** What the embedded broker may keep at most, in bytes of bodies. */
export interface Limits {
  /** All queues together: beyond it nothing new is accepted. */
  readonly embeddedBytes: number;
  /** The dead letters of one sink: beyond it that sink holds. */
  readonly deadLetterBytes: number;
}

export const unlimited: Limits = { embeddedBytes: Number.POSITIVE_INFINITY, deadLetterBytes: Number.POSITIVE_INFINITY };
