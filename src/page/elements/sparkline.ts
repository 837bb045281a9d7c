import { html, type Markup } from './html.js';

const width = 96;
const height = 24;

/** A small line without axes: the last minutes at a glance; the number beside it is the one that counts. */
export function Sparkline({ values }: { values: readonly number[] }): Markup {
  const max = Math.max(0, ...values);
  const top = max === 0 ? 1 : max;
  const x = (index: number): number => (values.length < 2 ? 0 : (index / (values.length - 1)) * width);
  const y = (value: number): number => height - 1.5 - (value / top) * (height - 3);
  const line = values
    .map((value, index) => `${index === 0 ? 'M' : 'L'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`)
    .join('');
  return html`
    <svg class="sparkline ${max === 0 ? 'still' : ''}" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" aria-hidden="true">
      ${values.length > 1 && html`<path class="area" d="${line}L${width} ${height}L0 ${height}Z" /><path class="line" d=${line} />`}
    </svg>`;
}
