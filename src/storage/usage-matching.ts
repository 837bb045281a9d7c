import { byTime, nearestPairs, type Timed } from './nearest-pairs.js';

/** An access as it is compared: it began at a time. */
export interface Act extends Timed {
  /** A number that stands for the name that logged in; null = not known by name. */
  readonly login: number | null;
  /** A number that stands for the user, however known. */
  readonly user: number;
  /** Why it would not count if its source did; null = it would. */
  readonly reason: string | null;
  readonly source: string;
  readonly request: boolean;
  readonly machine: boolean;
  /** As how many events Clowder publishes it: 0 = never, more than 1 = that many parts of a file. */
  readonly publications: number;
}

export interface Matching {
  /** An access of the counted source, and what the control says of it. */
  readonly pairs: readonly (readonly [counted: Act, control: Act])[];
  /** What the other side does not say. */
  readonly alone: readonly [counted: readonly Act[], control: readonly Act[]];
  /** What Clowder publishes again: the second event of a download, or one for each part. */
  readonly repeated: readonly [counted: number, control: number];
  /** What the other side never says. */
  readonly incomparable: readonly [counted: number, control: number];
}

/** Two sources speak of the same access when they say that it began within this time of each other, ms. */
export const matchWindowMs = 60_000;
/** Clowder 1 publishes some downloads twice, in the same moment: two of one user within this time are one, ms. */
const twiceMs = 1_000;
/** A second event may yet be one of another user; by the times of a log that writes seconds. */
const twiceWindowMs = 2_000;
const hourMs = 3_600_000;

/** What one source says of one resource, of views or of downloads. */
export interface Said {
  readonly source: string;
  readonly acts: readonly Act[];
}

/**
 * Compares what two sources say of one resource, of views or of downloads. A function of the accesses alone, whatever
 * their order.
 *
 * 1. What the other side never says is set aside; so is what Clowder says a second time in the same moment.
 * 2. The others are paired, the nearest first: those with the same login, then those of whom one side does not know the
 *    login. Two different logins are never one access.
 * 3. What remains is paired with accesses that did not succeed: a download that was broken off was published.
 * 4. What was said a second time is paired with what is left and began in the same moment.
 * 5. What Clowder says for the parts of a file belongs to the download that has these parts.
 */
export function match(counted: Said, control: Said): Matching {
  const sides = [sideOf(counted, control.source), sideOf(control, counted.source)] as const;
  const taken = new Set<Act>();
  const pairs: (readonly [Act, Act])[] = [];
  const pair = (chosen: (side: Side) => readonly Act[], windowMs: number): void => {
    const [left, right] = [chosen(sides[0]).filter(isLeft), chosen(sides[1]).filter(isLeft)];
    for (const found of compatiblePairs(left, right, windowMs)) {
      pairs.push(found);
      for (const act of found) taken.add(act);
    }
  };
  const isLeft = (act: Act): boolean => !taken.has(act);
  pair(({ firsts }) => firsts, matchWindowMs);
  pair(({ firsts, failed }) => [...firsts, ...failed], matchWindowMs);
  pair(({ firsts, seconds }) => [...firsts, ...seconds], twiceWindowMs);
  const repeated = sides.map((side, index) => {
    const parts = side.source === 'clowder' ? partsAmong(side.firsts.filter(isLeft), sides[1 - index]!.firsts) : [];
    for (const part of parts) taken.add(part);
    return [...side.seconds.filter(isLeft), ...parts].filter(counts).length;
  });
  const [aloneCounted, aloneControl] = sides.map(({ firsts, failed }) => [...firsts, ...failed].filter(isLeft));
  return {
    pairs,
    alone: [aloneCounted!, aloneControl!],
    repeated: [repeated[0]!, repeated[1]!],
    incomparable: [sides[0].incomparable, sides[1].incomparable],
  };
}

/** It would count, if its source did. */
export function counts({ reason }: Pick<Act, 'reason'>): boolean {
  return reason === null;
}

/** Pairs of accesses that may be one: two who are known by different names are not. */
export function compatiblePairs<One extends Timed & Pick<Act, 'login'>>(
  left: readonly One[],
  right: readonly One[],
  windowMs: number,
): (readonly [left: One, right: One])[] {
  if (left.length === 0 || right.length === 0) return [];
  const pairs: (readonly [One, One])[] = [];
  const taken = new Set<One>();
  const take = (found: readonly (readonly [One, One])[]): void => {
    for (const two of found) {
      pairs.push(two);
      for (const one of two) taken.add(one);
    }
  };
  const named = byLogin(right);
  for (const [login, ones] of byLogin(left)) take(nearestPairs(ones, named.get(login) ?? [], windowMs));
  const isKnown = ({ login }: One): boolean => login !== null;
  const free = (one: One): boolean => !taken.has(one);
  take(
    nearestPairs(
      left.filter(one => !isKnown(one)),
      right.filter(free),
      windowMs,
    ),
  );
  take(
    nearestPairs(
      left.filter(one => isKnown(one) && free(one)),
      right.filter(one => !isKnown(one) && free(one)),
      windowMs,
    ),
  );
  return pairs;
}

function byLogin<One extends Pick<Act, 'login'>>(ones: readonly One[]): Map<number, One[]> {
  const groups = new Map<number, One[]>();
  for (const one of ones) {
    if (one.login === null) continue;
    const group = groups.get(one.login);
    if (group === undefined) groups.set(one.login, [one]);
    else group.push(one);
  }
  return groups;
}

interface Side {
  readonly source: string;
  readonly firsts: readonly Act[];
  readonly failed: readonly Act[];
  /** What was said a second time in the same moment. */
  readonly seconds: readonly Act[];
  readonly incomparable: number;
}

function sideOf({ source, acts }: Said, other: string): Side {
  const firsts: Act[] = [];
  const failed: Act[] = [];
  const seconds: Act[] = [];
  let incomparable = 0;
  const last = new Map<number, number>();
  for (const act of [...acts].sort(byTime)) {
    if (!isSaidBy(other, act)) {
      if (counts(act)) incomparable += 1;
      continue;
    }
    const isSecond = source === 'clowder' && act.request && act.at - (last.get(act.user) ?? -twiceMs - 1) <= twiceMs;
    last.set(act.user, act.at);
    (isSecond ? seconds : act.reason === 'unsuccessful' ? failed : firsts).push(act);
  }
  return { source, firsts, failed, seconds, incomparable };
}

/** Clowder publishes some downloads never, and a page sees people alone. */
function isSaidBy(other: string, { source, publications, machine }: Act): boolean {
  if (other === 'clowder') return publications > 0;
  return !(other === 'browser' && source === 'nginx' && machine);
}

/** Clowder's events that are parts of a download of the other side, until the end of its hour (UTC). By time, both. */
function partsAmong(events: readonly Act[], others: readonly Act[]): readonly Act[] {
  const parts: Act[] = [];
  let next = 0;
  for (const { at, publications } of others) {
    if (publications <= 1) continue;
    const until = (Math.floor(at / hourMs) + 1) * hourMs + matchWindowMs;
    while (next < events.length && events[next]!.at < at - matchWindowMs) next += 1;
    for (let free = publications - 1; free > 0 && next < events.length && events[next]!.at <= until; free -= 1) {
      parts.push(events[next]!);
      next += 1;
    }
  }
  return parts;
}
