import type { Change } from './rule-state.js';
import { detailsOf, phraseOf } from './words.js';

/** One line of a long list. */
export interface Row {
  readonly title: string;
  readonly reason: string | undefined;
  readonly since: string | undefined;
}

/** A row for each change, and one for all of which nothing is known because of the same service. */
export function rowsOf(changes: readonly Change[]): readonly Row[] {
  const causes = new Map<string, Change[]>();
  const others: Change[] = [];
  for (const change of changes) {
    const { causedBy, state } = change;
    if (causedBy === undefined || state !== 'unknown') others.push(change);
    else causes.set(causedBy, [...(causes.get(causedBy) ?? []), change]);
  }
  return [...others.map(rowOf), ...[...causes].map(([cause, those]) => together(cause, those))];
}

function rowOf(change: Change): Row {
  const details = new Map(detailsOf(change));
  return { title: phraseOf(change), reason: details.get('Reason'), since: details.get('Since') };
}

function together(cause: string, changes: readonly Change[]): Row {
  const [only, ...more] = changes;
  if (only !== undefined && more.length === 0) return rowOf(only);
  const names = changes.map(({ name }) => name).join(', ');
  const title = `nothing is known of ${changes.length} services while ${cause} is down`;
  return { title, reason: names, since: undefined };
}

/** `clowder is down: connection refused (since …)` */
export function oneLine({ title, reason, since }: Row): string {
  return `${title}${reason === undefined ? '' : `: ${reason}`}${since === undefined ? '' : ` (since ${since})`}`;
}
