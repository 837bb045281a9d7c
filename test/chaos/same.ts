import { contextNames } from '../../src/events/event.js';

const known: ReadonlySet<string> = new Set(contextNames);

/** Undefined when both are the same JSON, whatever the order of names; else what differs, in words. */
export function same(what: string, found: unknown, sent: unknown): string | undefined {
  const [one, other] = [canonical(found), canonical(sent)];
  return one === other ? undefined : `${what} is ${short(one)}, but ${short(other)} was sent`;
}

/**
 * As `same`, for whole events; the time, which has several forms and may be the daemon's, is compared apart, and what
 * was added to it, because it is known of its resource, is no difference.
 */
export function sameEvent(
  what: string,
  { created: _found, ...found }: Readonly<Record<string, unknown>>,
  { created: _sent, ...sent }: Readonly<Record<string, unknown>>,
): string | undefined {
  const own = Object.entries(found).filter(([name]) => Object.hasOwn(sent, name) || !known.has(name));
  return same(what, Object.fromEntries(own), sent);
}

/**
 * Half a surrogate pair counts as U+FFFD: some destinations speak UTF-8, which has no form for it. Decimals count as
 * the double that is next to them: what is sent here was one.
 */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) => {
    if (typeof inner === 'string') return Buffer.from(inner).toString();
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    if ('$numberDecimal' in inner) return Number(inner.$numberDecimal);
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function short(text: string | undefined): string {
  const whole = String(text);
  return whole.length > 300 ? `${whole.slice(0, 300)}…` : whole;
}
