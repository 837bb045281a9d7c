/** One event on its way, as the JSON that is sent however often it takes. */
export interface Parcel {
  /** Every position in the batch that this id has. */
  readonly indexes: readonly number[];
  readonly json: string;
  readonly user: string | undefined;
  readonly device: string;
}
