import { inWords } from './scene.js';

/** An access as a person would note it down. */
export interface Visit {
  readonly id: string;
  /** Epoch ms. */
  readonly time: number;
  /** The best that is known of who it was. */
  readonly who: { readonly login?: string; readonly cookie?: string; readonly visitor?: string };
  readonly session?: string;
  readonly by: 'regular' | 'machine' | 'robot';
  readonly kind: 'view' | 'download';
  readonly dataset: number;
  readonly file: number;
  readonly status: 200 | 206 | 304 | 404;
  readonly bytes: number;
}

const halfMinute = 30_000;
const hourOf = (time: number): string => new Date(time).toISOString().slice(0, 13);
const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);
const monthOf = (time: number): string => new Date(time).toISOString().slice(0, 7);
const userOf = ({ who, session }: Visit): string =>
  who.visitor !== undefined && session !== undefined ? `session ${session}` : JSON.stringify(who);
const isAddress = ({ who, session }: Visit): boolean => who.visitor !== undefined && session === undefined;
const urlOf = ({ kind, dataset, file }: Visit): string => (kind === 'view' ? `dataset ${dataset}` : `file ${file}`);
const sessionOf = (visit: Visit): string =>
  visit.session === undefined
    ? `${userOf(visit)} ${hourOf(visit.time)}`
    : `session ${visit.session} ${dayOf(visit.time)}`;

/**
 * The rules once more, from the page that states them, in the plainest way: everything is in memory, nothing is fast.
 * Lines as `UsageScene.months` has them, the dataset by its number.
 */
export function naiveMonths(visits: readonly Visit[]): string[] {
  const once = [...new Map(visits.map(visit => [visit.id, visit])).values()];
  const inOrder = once
    .filter(({ by, status }) => by !== 'robot' && [200, 206, 304].includes(status))
    .sort((one, other) => one.time - other.time || (one.id < other.id ? -1 : 1));

  const whole: Visit[] = [];
  for (const visit of inOrder) {
    const isPart = (one: Visit): boolean => one.kind === 'download' && one.status === 206;
    const first = whole.findIndex(
      other => isPart(visit) && isPart(other) && other.file === visit.file && sessionOf(other) === sessionOf(visit),
    );
    if (first < 0) whole.push(visit);
    else whole[first] = { ...whole[first]!, bytes: whole[first]!.bytes + visit.bytes };
  }

  const clicks = whole.filter((visit, index) => {
    const next = whole.slice(index + 1).find(later => userOf(later) === userOf(visit) && urlOf(later) === urlOf(visit));
    if (next === undefined || next.time - visit.time > halfMinute) return true;
    return isAddress(visit) && hourOf(next.time) !== hourOf(visit.time);
  });

  const lines: string[] = [];
  for (const month of new Set(clicks.map(({ time }) => monthOf(time)))) {
    for (const dataset of new Set(clicks.map(one => one.dataset))) {
      for (const by of ['regular', 'machine'] as const) {
        const found = clicks.filter(one => monthOf(one.time) === month && one.dataset === dataset && one.by === by);
        const downloads = found.filter(({ kind }) => kind === 'download');
        const sum = (list: readonly Visit[]): number => list.reduce((total, { bytes }) => total + bytes, 0);
        const counts = {
          investigations: found.length,
          uniqueInvestigations: new Set(found.map(sessionOf)).size,
          requests: downloads.length,
          uniqueRequests: new Set(downloads.map(sessionOf)).size,
          bytes: sum(found),
          requestBytes: sum(downloads),
        };
        if (found.length > 0) lines.push(`${month.replace('-', '')} ${dataset} ${by}: ${inWords(counts)}`);
      }
    }
  }
  return lines.sort();
}
