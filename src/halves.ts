/** The former half of a list, longer by one where the number is odd, and the latter. */
export function halves<T>(list: readonly T[]): [former: T[], latter: T[]] {
  const middle = Math.ceil(list.length / 2);
  return [list.slice(0, middle), list.slice(middle)];
}
