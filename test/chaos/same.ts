/** Undefined when both are the same JSON, whatever the order of names; else what differs, in words. */
export function same(what: string, found: unknown, sent: unknown): string | undefined {
  const [one, other] = [canonical(found), canonical(sent)];
  return one === other ? undefined : `${what} is ${short(one)}, but ${short(other)} was sent`;
}

/** Half a surrogate pair counts as U+FFFD: some destinations speak UTF-8, which has no form for it. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) => {
    if (typeof inner === 'string') return Buffer.from(inner).toString();
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function short(text: string | undefined): string {
  const whole = String(text);
  return whole.length > 300 ? `${whole.slice(0, 300)}…` : whole;
}
