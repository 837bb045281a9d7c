const units = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** The two largest units: `2 h 5 min`. */
export function durationInWords(ms: number): string {
  let left = Math.max(0, Math.round(ms / 1000));
  const first = units.findIndex(([, seconds]) => left >= seconds);
  if (first < 0) return 'less than a second';
  const parts = units.slice(first, first + 2).flatMap(([unit, seconds]) => {
    const count = Math.floor(left / seconds);
    left %= seconds;
    return count === 0 ? [] : [`${count} ${unit}`];
  });
  return parts.join(' ');
}
