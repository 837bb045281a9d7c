import type { UsageMonth } from '../../../openapi/api-types.js';
import { number, plural } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import { Section } from '../elements/section.js';
import { StateChip, type Tone } from '../elements/states.js';
import { dayInWords, monthInWords } from './calendar.js';
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
        <${Line} title="Now" verdict=${waitingInWords(waiting)} />
        ${months.map(month => html`<${Line} key=${month} title=${monthInWords(month)} verdict=${verdictOf(report.known.get(month), month, thisMonth)} />`)}
      </ul>
    <//>`;
}

function Line({ title, verdict: { tone, word, why } }: { title: string; verdict: Verdict }): Markup {
  return html`<li><span>${title}</span><${StateChip} tone=${tone} word=${word} /><span class="muted">${why}</span></li>`;
}

function waitingInWords({ pending, dead }: UsageState['waiting']): Verdict {
  if (dead > 0) {
    const why = `${plural(dead, 'event')} could not be counted: see the dead letters of the sink usage, under Operations.`;
    return { tone: 'bad', word: 'incomplete', why };
  }
  if (pending > 0)
    return { tone: 'waiting', word: 'more to come', why: `Still to be counted: ${plural(pending, 'event')}.` };
  return { tone: 'good', word: 'up to date', why: 'What has arrived is counted.' };
}

function verdictOf(known: UsageMonth | undefined, month: string, thisMonth: string): Verdict {
  if (known === undefined) {
    return { tone: 'idle', word: 'nothing counted', why: 'Nobody used anything, or nothing was counted here then.' };
  }
  const late = known.left_out.late ?? 0;
  const tooLate =
    late > 0
      ? ` ${late === 1 ? '1 access' : `${number(late)} accesses`} came after that, and are not in its figures.`
      : '';
  if (known.closed !== null) {
    return {
      ...(late > 0 ? { tone: 'waiting', word: 'closed, partial' } : { tone: 'good', word: 'closed' }),
      why: `Since ${dayInWords(known.closed)}: its figures stay as they are.${tooLate}`,
    };
  }
  if (month >= thisMonth) return { tone: 'waiting', word: 'not over', why: 'Its figures grow.' };
  return { tone: 'waiting', word: 'open', why: 'What comes late is still counted.' };
}
