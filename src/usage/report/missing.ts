import { dayMs, dayOf, monthOf, startOfDay, written } from '../../calendar.js';
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
  for (const { month, gaps } of await usage.completeness(periodsOf({ begin, end }))) {
    const words = gapsInWords(gaps.filter(({ from, to }) => to > since && from < until));
    if (words !== undefined) missing.push(`${written(month)}: ${words}`);
  }
  const { pending, dead } = await usage.waiting();
  if (dead > 0) missing.push(`${dead} events could not be counted: they are dead letters of the sink usage`);
  if (pending > 0) missing.push(`${pending} events are still to be counted`);
  return missing;
}
