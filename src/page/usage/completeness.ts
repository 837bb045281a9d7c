import type { UsageCompleteness, UsageMonth } from '../../../openapi/api-types.js';
import { number, plural } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import { Section } from '../elements/section.js';
import { StateChip, type Tone } from '../elements/states.js';
import { dayInWords, hoursInWords, monthInWords } from './calendar.js';
import type { UsageSection, UsageState } from './section.js';

export const completeness: UsageSection = { id: 'usage-completeness', title: 'Completeness', View: Completeness };

/** How far a month can be trusted. */
interface Verdict {
  readonly tone: Tone;
  readonly word: string;
  readonly why: string;
}

/** Each month, the latest first: whether it may change, and what it lacks. */
function Completeness({ usage: { report, query, thisMonth, waiting } }: { usage: UsageState }): Markup {
  const months = report.months.filter(month => month >= query.from && month <= query.to).reverse();
  return html`
    <${Section} of=${completeness}>
      <ul class="panel usage-verdicts">
        <li><span>Now</span><${Said} verdict=${waitingInWords(waiting)} /></li>
        ${months.map(month => html`<${Month} key=${month} month=${month} known=${report.known.get(month)} thisMonth=${thisMonth} />`)}
      </ul>
    <//>`;
}

interface MonthProps {
  readonly month: string;
  readonly known: UsageMonth | undefined;
  readonly thisMonth: string;
}

function Month({ month, known, thisMonth }: MonthProps): Markup {
  const gaps = known?.completeness.gaps ?? [];
  return html`
    <li>
      <span>${monthInWords(month)}</span>
      <${Said} verdict=${verdictOf(known, month >= thisMonth)} />
      ${gaps.length > 0 && html`<details><summary>Which hours, and why</summary><ul>${gaps.map(gap => html`<li key=${`${gap.from} ${gap.reason}`}>${gapInWords(gap)}</li>`)}</ul></details>`}
    </li>`;
}

function Said({ verdict: { tone, word, why } }: { verdict: Verdict }): Markup {
  return html`<${StateChip} tone=${tone} word=${word} /><span class="muted">${why}</span>`;
}

function gapInWords({ from, to, means, missing }: UsageCompleteness['gaps'][number]): string {
  return `${hoursInWords(from, to)}: ${means}${missing > 0 ? `, ${number(missing)} known to be missing` : ''}.`;
}

function waitingInWords({ pending, dead }: UsageState['waiting']): Verdict {
  if (dead !== null && dead > 0) {
    const why = `${plural(dead, 'event')} could not be counted: see the dead letters of the sink usage, under Operations.`;
    return { tone: 'bad', word: 'incomplete', why };
  }
  if (pending === null || dead === null)
    return { tone: 'waiting', word: 'not known', why: 'How many events are still to be counted is not known.' };
  if (pending > 0)
    return { tone: 'waiting', word: 'more to come', why: `Still to be counted: ${plural(pending, 'event')}.` };
  return { tone: 'good', word: 'up to date', why: 'What has arrived is counted.' };
}

function verdictOf(known: UsageMonth | undefined, isNow: boolean): Verdict {
  if (known === undefined) {
    return { tone: 'idle', word: 'nothing counted', why: 'Nobody used anything, or nothing was counted here then.' };
  }
  const { closed, completeness } = known;
  const missing = missingFrom(completeness);
  const lasts =
    closed !== null
      ? `Closed on ${dayInWords(closed)}: its figures stay as they are.`
      : isNow
        ? 'The month is not over: its figures grow.'
        : 'Open: what comes late is still counted.';
  if (missing !== '') return { tone: 'waiting', word: 'incomplete', why: `${missing} ${lasts}` };
  if (closed === null && isNow)
    return { tone: 'idle', word: 'not over', why: `${lasts} Nothing is known to be missing so far.` };
  return { tone: 'good', word: closed === null ? 'complete so far' : 'complete', why: lasts };
}

/** Nothing that waits: that is of no month yet. */
function missingFrom({ missing_hours: hours, dead, late }: UsageCompleteness): string {
  return [
    ...(hours > 0 ? [`In ${plural(hours, 'hour')} something may have been missed.`] : []),
    ...(dead > 0 ? [`${plural(dead, 'event')} could not be counted.`] : []),
    ...(late > 0 ? [`${late === 1 ? '1 access' : `${number(late)} accesses`} came too late.`] : []),
  ].join(' ');
}
