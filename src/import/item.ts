/** Something that was read of what is to be imported. */
export type Item = PastEvent | BadItem;

export interface PastEvent {
  readonly id: string;
  /** The event as JSON. */
  readonly text: string;
  /** Epoch ms; undefined where only the daemon reads it. */
  readonly created: number | undefined;
  /** Names of the sinks that it is for at most; undefined = all that take the import. */
  readonly sinks?: readonly string[] | undefined;
}

/** What is no event. */
export interface BadItem {
  /** In words that are the same for all of its kind. */
  readonly reason: string;
  /** For people, where it is. */
  readonly where: string;
}

/** What is to be imported, piece by piece. */
export interface PastSource {
  /** What is read, in its own measure (bytes, documents); 0 = not known. */
  readonly total: number;
  /** How much of that was read. */
  readonly done: number;
  /** In the order of time, as far as it is known. */
  items(): AsyncIterable<readonly Item[]>;
}

export function isBad(item: Item): item is BadItem {
  return 'reason' in item;
}
