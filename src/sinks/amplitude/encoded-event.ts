/** One event as the JSON that is sent, as often as it takes. */
export interface EncodedEvent {
  /** Every position in the batch at which its id stands. */
  readonly indexes: readonly number[];
  readonly json: string;
  readonly user: string | undefined;
  readonly device: string;
}
