import { dayMs, dayOf, monthAfter, monthOf, startOfDay, written } from '../../calendar.js';
import { gapsInWords } from '../completeness.js';
import type { Usage } from '../usage.js';
import { periodsOf } from './request.js';

/** Why the figures of some days are not all that there is, a sentence each; none when they are. */
export async function missingFrom(
  usage: Pick<Usage, 'months' | 'leftOut' | 'waiting' | 'completeness'>,
  { begin, end }: { readonly begin: number; readonly end: number },
  now: number,
): Promise<string[]> {
  const missing: string[] = [];
  const [first] = (await usage.months()).map(({ month }) => month);
  if (first !== undefined && monthOf(begin) < first) missing.push(`nothing was counted before ${written(first)}`);
  if (startOfDay(end) + dayMs > now) missing.push(`${written(Math.min(dayOf(now), end))} is not over`);
  for (const { month, reason, count } of await usage.leftOut(periodsOf({ begin, end })))
    if (reason === 'late') missing.push(`${written(month)}: ${count} accesses came after the month was closed`);
  const [since, until] = [startOfDay(begin), startOfDay(end) + dayMs];
  const months = await usage.completeness(periodsOf({ begin, end }));
  for (const { month, gaps } of months) {
    const words = gapsInWords(gaps.filter(({ from, to }) => to > since && from < until));
    if (words !== undefined) missing.push(`${written(month)}: ${words}`);
  }
  const closed = new Set(months.filter(one => one.closed !== null).map(({ month }) => month));
  const { pending, dead, deadOf = new Map<number, number>() } = await usage.waiting();
  const deadWords = 'events could not be counted: they are dead letters of the sink usage';
  for (const [month, count] of [...deadOf].sort(([one], [other]) => one - other))
    if (month >= monthOf(begin) && month <= monthOf(end)) missing.push(`${written(month)}: ${count} ${deadWords}`);
  // Nobody knows the month of the others: an open one, even if nothing was counted of it yet.
  let isOpen = false;
  for (let month = monthOf(begin); month <= monthOf(end) && !isOpen; month = monthAfter(month))
    isOpen = !closed.has(month);
  if (!isOpen) return missing;
  const unknownDead = [...deadOf.values()].reduce((rest, count) => rest - count, dead);
  if (unknownDead > 0) missing.push(`${unknownDead} ${deadWords}`);
  if (pending > 0) missing.push(`${pending} events are still to be counted`);
  return missing;
}
