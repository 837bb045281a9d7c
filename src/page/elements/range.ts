import { html, type Markup } from './html.js';

const minute = 60_000;
const hour = 60 * minute;

export interface Range {
  readonly id: string;
  readonly title: string;
  readonly words: string;
  readonly length: number;
  readonly step: number;
  /** How often what is shown is asked for. */
  readonly everyMs: number;
}

export const ranges: readonly [Range, ...Range[]] = [
  { id: '1h', title: '1 h', words: 'last hour', length: hour, step: minute, everyMs: 5_000 },
  { id: '24h', title: '24 h', words: 'last 24 hours', length: 24 * hour, step: 15 * minute, everyMs: minute },
  { id: '7d', title: '7 d', words: 'last 7 days', length: 7 * 24 * hour, step: 2 * hour, everyMs: 2 * minute },
];

/** Every page that is open asks the same question within a step, so the daemon can give one answer to all. */
export function span(range: Range, offset: number): { from: number; to: number; step: number } {
  const to = Math.ceil((Date.now() + offset) / range.step) * range.step;
  return { from: to - range.length, to, step: range.step };
}

interface RangeChooserProps {
  /** Name of the group of buttons: unique on the page. */
  readonly name: string;
  readonly range: Range;
  readonly onChoose: (range: Range) => void;
}

export function RangeChooser({ name, range, onChoose }: RangeChooserProps): Markup {
  return html`
    <fieldset class="segments"><legend class="unseen">Time shown</legend>
      ${ranges.map(
        one =>
          html`<label key=${one.id}><input type="radio" name=${name} value=${one.id} checked=${one === range} onChange=${() => onChoose(one)} /><span>${one.title}</span></label>`,
      )}
    </fieldset>`;
}
