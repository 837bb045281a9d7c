import type { UsageMonth } from '../../../openapi/api-types.js';
import { dateAndTime, plural } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import { Section } from '../elements/section.js';
import { StateChip, type Tone } from '../elements/states.js';
import { monthInWords } from './calendar.js';
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
  const { pending, dead } = waiting;
  return html`
    <${Section} of=${completeness}>
      <ul class="panel usage-verdicts">
        ${(pending > 0 || dead > 0) && html`<li><span class="strong">Right now</span><${StateChip} tone="waiting" word="more to come" /><span class="muted">${nowInWords(pending, dead)}</span></li>`}
        ${months.map(month => html`<${MonthVerdict} key=${month} month=${month} verdict=${verdictOf(report.known.get(month), month, thisMonth)} />`)}
      </ul>
    <//>`;
}

function MonthVerdict({ month, verdict: { tone, word, why } }: { month: string; verdict: Verdict }): Markup {
  return html`<li><span>${monthInWords(month)}</span><${StateChip} tone=${tone} word=${word} /><span class="muted">${why}</span></li>`;
}

function nowInWords(pending: number, dead: number): string {
  return [
    ...(pending > 0 ? [`${plural(pending, 'event')} wait to be counted.`] : []),
    ...(dead > 0 ? [`${plural(dead, 'event')} could not be counted: dead letters of the sink usage.`] : []),
  ].join(' ');
}

function verdictOf(known: UsageMonth | undefined, month: string, thisMonth: string): Verdict {
  if (known === undefined) {
    return { tone: 'idle', word: 'nothing counted', why: 'Nobody used anything, or nothing was counted here then.' };
  }
  const late = known.left_out.late ?? 0;
  const tooLate = late > 0 ? ` ${plural(late, 'access')} came after that, and are not in its figures.` : '';
  if (known.closed !== null) {
    return {
      ...(late > 0 ? { tone: 'waiting', word: 'closed, partial' } : { tone: 'good', word: 'closed' }),
      why: `Since ${dateAndTime(known.closed)}: its figures stay as they are.${tooLate}`,
    };
  }
  if (month >= thisMonth) return { tone: 'waiting', word: 'goes on', why: 'The month is not over.' };
  return { tone: 'waiting', word: 'open', why: 'What comes late is still counted.' };
}
