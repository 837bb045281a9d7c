import type { UsageLine } from '../../../openapi/api-types.js';
import { html, type Markup } from '../elements/html.js';
import { monthInWords } from './calendar.js';
import { type Choice, type Span, spans } from './choice.js';
import type { UsageState } from './section.js';

const spanWords: Readonly<Record<Span, string>> = { 12: '12 months', 24: '24 months', 120: '10 years' };

interface ControlsProps {
  readonly usage: UsageState;
  readonly spaces: readonly UsageLine[];
}

/** Which months, which space, which dataset: the whole view follows. */
export function Controls({ usage: { choice, choose, report }, spaces }: ControlsProps): Markup {
  return html`
    <form class="filters usage-controls" aria-label="What is shown" onSubmit=${(event: Event) => event.preventDefault()}>
      <fieldset class="segments"><legend class="unseen">Time shown</legend>
        ${spans.map(span => html`<label key=${span}><input type="radio" name="usage-span" checked=${span === choice.span} onChange=${() => choose({ span, month: undefined })} /><span>${spanWords[span]}</span></label>`)}
      </fieldset>
      <label>Month <select value=${choice.month ?? ''} onChange=${(event: Event) => choose({ month: chosenIn(event) })}>
        <option value="">all of these</option>
        ${monthsOf(report.months, choice).map(month => html`<option key=${month} value=${month}>${monthInWords(month)}</option>`)}
      </select></label>
      <label>Space <select value=${choice.space ?? ''} onChange=${(event: Event) => choose({ space: chosenIn(event) })}>
        <option value="">all</option>
        ${spacesOf(spaces, choice).map(([id, title]) => html`<option key=${id} value=${id}>${title}</option>`)}
      </select></label>
      ${choice.dataset !== undefined && html`<button type="button" class="quiet" onClick=${() => choose({ dataset: undefined })}>All datasets</button>`}
      <button type="button" class="quiet usage-print" onClick=${() => window.print()}>Print</button>
    </form>`;
}

const chosenIn = (event: Event): string | undefined => (event.currentTarget as HTMLSelectElement).value || undefined;

/** The latest first; with the one that is chosen, whatever its range. */
function monthsOf(months: readonly string[], { month }: Choice): readonly string[] {
  const latest = [...months].reverse();
  return month === undefined || months.includes(month) ? latest : [month, ...latest];
}

function spacesOf(lines: readonly UsageLine[], { space }: Choice): readonly (readonly [id: string, title: string])[] {
  const known = lines.flatMap(({ id, title }) => (id === null ? [] : [[id, title ?? id] as const]));
  known.sort(([, a], [, b]) => a.localeCompare(b));
  return space === undefined || known.some(([id]) => id === space) ? known : [[space, space], ...known];
}
