import type { Change } from './rule-state.js';
import { detailsOf, phraseOf } from './words.js';

/** One line of a long list. */
export interface Row {
  readonly title: string;
  readonly reason: string | undefined;
  readonly since: string | undefined;
  /** How many it stands for. */
  readonly changes: number;
}

/** Names in one row. */
const namesShown = 50;

/** Nothing is known of it because of another service. */
export function isHidden({ causedBy, state }: Change): boolean {
  return causedBy !== undefined && state === 'unknown';
}

export interface Room {
  readonly rows: number;
  /** The size of all rows together, in what `sizeOf` measures. */
  readonly size?: number;
  readonly sizeOf?: (row: Row) => number;
}

/**
 * A row for each change, and one for all of which nothing is known because of the same service, as far as there is
 * room: for the latter first, because they stand for many.
 * @param count of the changes, of which some may be missing
 */
export function rowsOf(
  changes: readonly Change[],
  count: number,
  { rows: most, size = Number.POSITIVE_INFINITY, sizeOf = () => 0 }: Room,
): { readonly rows: readonly Row[]; readonly more: number } {
  const causes = new Map<string, Change[]>();
  const others: Change[] = [];
  for (const change of changes) {
    if (!isHidden(change)) others.push(change);
    else causes.set(change.causedBy!, [...(causes.get(change.causedBy!) ?? []), change]);
  }
  let rows = most;
  let room = size;
  const fitting = (all: readonly Row[]): Row[] => {
    const taken: Row[] = [];
    for (const row of all) {
      const needed = sizeOf(row);
      if (rows === 0 || needed > room) break;
      room -= needed;
      rows -= 1;
      taken.push(row);
    }
    return taken;
  };
  const groups = fitting([...causes].map(([cause, those]) => together(cause, those)));
  const shown = [...fitting(others.map(rowOf)), ...groups];
  return { rows: shown, more: count - shown.reduce((sum, row) => sum + row.changes, 0) };
}

function rowOf(change: Change): Row {
  const details = new Map(detailsOf(change));
  return { title: phraseOf(change), reason: details.get('Reason'), since: details.get('Since'), changes: 1 };
}

function together(cause: string, changes: readonly Change[]): Row {
  const [first] = changes;
  if (first !== undefined && changes.length === 1) return rowOf(first);
  const more = changes.length - namesShown;
  const shown = changes.slice(0, namesShown).map(({ name }) => name);
  const names = `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  const title = `nothing is known of ${changes.length} services while ${cause} is down`;
  return { title, reason: names, since: undefined, changes: changes.length };
}

/** `clowder is down: connection refused (since …)` */
export function oneLine({ title, reason, since }: Row): string {
  return `${title}${reason === undefined ? '' : `: ${reason}`}${since === undefined ? '' : ` (since ${since})`}`;
}
