import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { SeriesLine } from '../../../openapi/api-types.js';
import { dateAndTime } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import { type ColouredLine, useColours } from './colours.js';
import { dataOf, type Kind, optionsOf, plotHeight } from './plot.js';

interface ChartProps {
  readonly kind: Kind;
  readonly times: readonly number[];
  /** The largest first. */
  readonly lines: readonly SeriesLine[];
  readonly step: number;
  /** What is shown, for those who cannot see it. */
  readonly label: string;
  readonly format: (value: number) => string;
}

/** A chart by uPlot with a legend in words: sums of columns, the latest of lines, or what is under the pointer. */
export function Chart({ kind, times, lines: given, step, label, format }: ChartProps): Markup {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [at, setAt] = useState<number | null>(null);
  const scheme = useScheme();
  const lines = useColours(given, kind === 'columns');
  const data = useMemo(() => dataOf(kind, times, lines), [kind, times, lines]);
  const colours = lines.map(({ name, colour }) => `${colour} ${name}`).join('\n');

  useLayoutEffect(() => {
    const container = place.current;
    if (container === null) return;
    const made = new uPlot(optionsOf(container, { kind, lines, step, format, onPoint: setAt }), data, container);
    plot.current = made;
    const watcher = new ResizeObserver(() => made.setSize({ width: container.clientWidth, height: plotHeight }));
    watcher.observe(container);
    return () => {
      watcher.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [colours, kind, step, scheme]);

  useLayoutEffect(() => plot.current?.setData(data), [data]);

  const shown = at !== null && at < times.length ? at : null;
  const whole = kind === 'columns' ? 'total' : 'latest';
  const figureOf = (line: SeriesLine): string => {
    const value = shown === null ? (kind === 'columns' ? sum(line) : latest(line)) : (line.values[shown] ?? null);
    return value === null ? '–' : format(value);
  };
  return html`
    <figure class="chart">
      <div class="plot" ref=${place} role="img" aria-label="${label}: ${lines.map(line => `${line.name} ${figureOf(line)}`).join(', ')}"></div>
      <figcaption>
        <span class="legend-when">${shown === null ? whole : dateAndTime(times[shown] ?? 0)}</span>
        <ul class="legend">${lines.map(line => html`<${LegendItem} key=${line.name} line=${line} figure=${figureOf(line)} />`)}</ul>
      </figcaption>
    </figure>`;
}

function LegendItem({ line: { name, colour }, figure }: { line: ColouredLine; figure: string }): Markup {
  return html`
    <li>
      <span class="swatch c${colour}" aria-hidden="true"></span>
      <span class="legend-name">${name}</span>
      <span class="legend-value">${figure}</span>
    </li>`;
}

const sum = (line: SeriesLine): number => line.values.reduce<number>((total, value) => total + (value ?? 0), 0);
const latest = (line: SeriesLine): number | null => line.values.findLast(value => value !== null) ?? null;

/** Changes whenever the system switches between light and dark, because the picture then has to be painted anew. */
function useScheme(): boolean {
  const preference = useMemo(() => window.matchMedia('(prefers-color-scheme: dark)'), []);
  const [dark, setDark] = useState(preference.matches);
  useEffect(() => {
    const update = (): void => setDark(preference.matches);
    update();
    preference.addEventListener('change', update);
    return () => preference.removeEventListener('change', update);
  }, []);
  return dark;
}
