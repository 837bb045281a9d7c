/** What became of an erasure in one place. */
export interface PlaceReceipt {
  readonly place: string;
  /** done · pending: it is tried again · left: the daemon cannot do it, the steps say who can. */
  readonly state: 'done' | 'pending' | 'left';
  readonly erased: number;
  readonly changed: number;
  /** What a person has to do. */
  readonly steps: readonly string[];
  /** Why it is pending; null = it has not been tried. */
  readonly reason: string | null;
  /** When it was last tried, epoch ms. */
  readonly at: number | null;
}

/** What was done about people, without anything that names them. */
export interface Receipt {
  readonly id: string;
  /** Epoch ms. */
  readonly asked: number;
  readonly state: 'pending' | 'done';
  /** Epoch ms. */
  readonly finished: number | null;
  /** A keyed hash of each id, in the order of the request. */
  readonly people: readonly string[];
  readonly places: readonly PlaceReceipt[];
}

export function untried(place: string): PlaceReceipt {
  return { place, state: 'pending', erased: 0, changed: 0, steps: [], reason: null, at: null };
}

export function withPlace(receipt: Receipt, place: PlaceReceipt): Receipt {
  const there = receipt.places.some(one => one.place === place.place);
  const places = there
    ? receipt.places.map(one => (one.place === place.place ? place : one))
    : [...receipt.places, place];
  return { ...receipt, places };
}
