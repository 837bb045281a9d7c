/**
 * What is taken from a line. The number is the field's place among the bounds that a parser finds: where it begins at
 * twice the number, where it ends right after that.
 */
export const slots = {
  address: 0,
  timeLocal: 1,
  timeIso: 2,
  msec: 3,
  request: 4,
  method: 5,
  target: 6,
  query: 7,
  status: 8,
  bytes: 9,
  referrer: 10,
  agent: 11,
  pid: 12,
  connection: 13,
  duration: 14,
  user: 15,
  extractor: 16,
  /** Bytes of the request. */
  received: 17,
  /** Accept-Language. */
  languages: 18,
} as const;

export type SlotName = keyof typeof slots;
export const slotCount = Object.keys(slots).length;
