/** An access as one source tells it. */
export interface Claim {
  readonly id: string;
  readonly source: 'nginx' | 'clowder' | 'browser';
  readonly kind: 'view' | 'download';
  readonly resource: number;
  /** When it began, epoch ms. */
  readonly at: number;
  readonly login?: 'ada' | 'carl';
  /** Who it was where no login is known. */
  readonly who: string;
  readonly by: 'person' | 'machine' | 'robot';
  readonly status: 200 | 499;
  /** As how many events Clowder publishes it. */
  readonly publications: number;
}

type Side = 'counted' | 'control';
export type Verdict = 'matched' | 'alone' | 'repeated' | 'incomparable' | `left out: ${string}` | 'left aside';

const minute = 60_000;
const hour = 60 * minute;

function reasonOf({ by, status }: Claim): string | null {
  return by === 'robot' ? 'robot' : status === 499 ? 'unsuccessful' : null;
}

/**
 * What docs/usage.md says of the audit, once more and in the plainest way: what becomes of each access of one day.
 * Everything is compared with everything.
 */
export function naiveAudit(claims: readonly Claim[], counted: string, control: string): Map<string, Verdict> {
  const verdicts = new Map<string, Verdict>();
  for (const resource of new Set(claims.map(one => one.resource)))
    for (const kind of ['view', 'download'] as const) {
      const group = claims.filter(one => one.resource === resource && one.kind === kind);
      compare(
        group.filter(({ source }) => source === counted),
        group.filter(({ source }) => source === control),
        control,
        counted,
        verdicts,
      );
    }
  return verdicts;
}

function compare(
  counted: readonly Claim[],
  control: readonly Claim[],
  controlName: string,
  countedName: string,
  verdicts: Map<string, Verdict>,
): void {
  const free = new Map<Claim, Side>();
  const seconds = new Set<Claim>();
  for (const [side, list, other] of [
    ['counted', counted, controlName],
    ['control', control, countedName],
  ] as const) {
    const said = list.filter(
      one =>
        !(other === 'clowder' && one.publications === 0) &&
        !(other === 'browser' && one.source === 'nginx' && one.by === 'machine'),
    );
    for (const one of list) {
      if (said.includes(one)) free.set(one, side);
      else verdicts.set(one.id, reasonOf(one) === null ? 'incomparable' : 'left aside');
    }
    const inOrder = [...said].sort(byTime);
    for (const [index, one] of inOrder.entries()) {
      const before = inOrder.slice(0, index).filter(earlier => userOf(earlier) === userOf(one));
      if (one.source === 'clowder' && one.kind === 'download' && before.some(({ at }) => one.at - at <= 1000))
        seconds.add(one);
    }
  }
  const pair = (isIn: (one: Claim) => boolean, windowMs: number): void => {
    const all = (side: Side, isChosen: (one: Claim) => boolean): Claim[] =>
      [...free].filter(([one, own]) => own === side && isIn(one) && isChosen(one)).map(([one]) => one);
    const round = (left: readonly Claim[], right: readonly Claim[]): void => {
      for (const [a, b] of naivePairs(left, right, windowMs)) {
        free.delete(a);
        free.delete(b);
        const [ra, rb] = [reasonOf(a), reasonOf(b)];
        verdicts.set(a.id, ra !== null ? 'left aside' : rb === null ? 'matched' : `left out: ${rb}`);
        verdicts.set(b.id, rb !== null ? 'left aside' : ra === null ? 'matched' : `left out: ${ra}`);
      }
    };
    for (const name of ['ada', 'carl'])
      round(
        all('counted', ({ login }) => login === name),
        all('control', ({ login }) => login === name),
      );
    round(
      all('counted', ({ login }) => login === undefined),
      all('control', () => true),
    );
    round(
      all('counted', ({ login }) => login !== undefined),
      all('control', ({ login }) => login === undefined),
    );
  };
  const failed = (one: Claim): boolean => reasonOf(one) === 'unsuccessful';
  pair(one => !failed(one) && !seconds.has(one), minute);
  pair(one => !seconds.has(one), minute);
  pair(one => !failed(one), 2_000);
  for (const [side, list] of [
    ['counted', control],
    ['control', counted],
  ] as const) {
    const downloads = list.filter(one => one.publications > 1 && !failed(one) && !seconds.has(one)).sort(byTime);
    for (const { at, publications } of downloads) {
      const end = Math.floor(at / hour) * hour + hour + minute;
      const parts = [...free]
        .filter(([one, own]) => own === side && !failed(one) && !seconds.has(one))
        .map(([one]) => one)
        .filter(one => one.source === 'clowder' && one.at >= at - minute && one.at <= end)
        .sort(byTime);
      for (const part of parts.slice(0, publications - 1)) {
        free.delete(part);
        verdicts.set(part.id, reasonOf(part) === null ? 'repeated' : 'left aside');
      }
    }
  }
  for (const one of free.keys())
    verdicts.set(one.id, reasonOf(one) !== null ? 'left aside' : seconds.has(one) ? 'repeated' : 'alone');
}

/** The nearest two of all, then with the fewest others between, then the earlier; and again with what is left. */
function naivePairs(left: readonly Claim[], right: readonly Claim[], windowMs: number): (readonly [Claim, Claim])[] {
  const order = [...left, ...right].sort(byTime);
  const all = left
    .flatMap(a =>
      right.map(b => ({ a, b, apart: Math.abs(a.at - b.at), places: [order.indexOf(a), order.indexOf(b)] })),
    )
    .filter(({ apart }) => apart <= windowMs)
    .sort(
      (one, other) =>
        one.apart - other.apart ||
        Math.abs(one.places[0]! - one.places[1]!) - Math.abs(other.places[0]! - other.places[1]!) ||
        Math.min(...one.places) - Math.min(...other.places),
    );
  const pairs: (readonly [Claim, Claim])[] = [];
  for (const { a, b } of all) if (!pairs.some(([c, d]) => a === c || b === d)) pairs.push([a, b]);
  return pairs;
}

function userOf({ login, who }: Claim): string {
  return login ?? `visitor ${who}`;
}

function byTime(a: Claim, b: Claim): number {
  return a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
