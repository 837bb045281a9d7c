import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { Line } from './api.js';
import { html, type Markup } from './html.js';
import { date, dateAndTime, hourAndMinute } from './words.js';

interface ChartProps {
  /** Columns stand on each other; lines cross. */
  readonly kind: 'columns' | 'lines';
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly step: number;
  /** What is shown, for those who do not see it. */
  readonly words: string;
  readonly format: (value: number) => string;
  /** The legend shows sums instead of the latest values. */
  readonly total?: boolean;
}

const height = 200;
const dayMs = 24 * 3_600_000;
const colours = 8;

/** A chart by uPlot with a legend in words. The picture follows the system's colours. */
export function Chart(props: ChartProps): Markup {
  const { kind, times, lines, step, words, format, total = false } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [at, setAt] = useState<number | null>(null);
  const [scheme, setScheme] = useState(0);
  const names = lines.map(({ name }) => name).join('\n');

  useEffect(() => {
    const preference = window.matchMedia('(prefers-color-scheme: dark)');
    const changed = (): void => setScheme(count => count + 1);
    preference.addEventListener('change', changed);
    return () => preference.removeEventListener('change', changed);
  }, []);

  useLayoutEffect(() => {
    const container = place.current;
    if (container === null) return;
    const made = new uPlot(options(container, props, setAt), dataOf(props), container);
    plot.current = made;
    const watcher = new ResizeObserver(() => made.setSize({ width: container.clientWidth, height }));
    watcher.observe(container);
    return () => {
      watcher.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [names, kind, step, scheme]);

  useLayoutEffect(() => plot.current?.setData(dataOf(props)), [times, lines]);

  const shown = at !== null && at < times.length ? at : null;
  const figureOf = (line: Line): number | null =>
    shown !== null
      ? (line.values[shown] ?? null)
      : total
        ? line.values.reduce<number>((sum, value) => sum + (value ?? 0), 0)
        : latest(line);
  return html`
    <figure class="chart">
      <div class="plot" ref=${place} role="img" aria-label="${words}: ${lines.map(line => `${line.name} ${text(figureOf(line), format)}`).join(', ')}"></div>
      <figcaption>
        <span class="legend-when">${shown === null ? (total ? 'in all' : 'latest') : dateAndTime(times[shown] ?? 0)}</span>
        <ul class="legend">
          ${lines.map(
            (line, index) =>
              html`<li key=${line.name}><span class="swatch c${index % colours}" aria-hidden="true"></span><span class="legend-name">${line.name}</span> <span class="legend-value">${text(figureOf(line), format)}</span></li>`,
          )}
        </ul>
      </figcaption>
    </figure>`;
}

const text = (value: number | null, format: (value: number) => string): string =>
  value === null ? '–' : format(value);
const latest = (line: Line): number | null => line.values.findLast(value => value !== null) ?? null;

/** Times, and a list for each line; columns are sums, the largest first, so that each is drawn over the one before. */
function dataOf({ kind, times, lines }: ChartProps): uPlot.AlignedData {
  if (kind === 'lines') return [[...times], ...lines.map(({ values }) => [...values])] as uPlot.AlignedData;
  const sums: number[][] = [];
  for (const { values } of lines) {
    const below = sums.at(-1);
    sums.push(values.map((value, at) => (value ?? 0) + (below?.[at] ?? 0)));
  }
  return [[...times], ...sums.reverse()] as uPlot.AlignedData;
}

function options(
  container: HTMLElement,
  { kind, lines, format }: ChartProps,
  onPoint: (at: number | null) => void,
): uPlot.Options {
  const style = getComputedStyle(container);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--muted'),
    font: `12px ${style.fontFamily}`,
    ticks: { show: false },
    border: { show: false },
  };
  const grid = { stroke: colour('--line'), width: 1 };
  const order = kind === 'columns' ? [...lines.keys()].reverse() : [...lines.keys()];
  return {
    width: container.clientWidth,
    height,
    ms: 1,
    legend: { show: false },
    padding: [8, 4, 0, 0],
    cursor: { y: false, points: { show: kind === 'lines' }, drag: { x: false, y: false } },
    scales: {
      x: { time: true },
      y: { range: (_plot, _least, most) => [0, Math.max(most, kind === 'columns' ? 4 : 1e-6) * 1.08] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 64,
        values: (_plot, splits, _axis, _space, gap) =>
          splits.map(time => (gap >= dayMs ? date(time) : hourAndMinute(time))),
      },
      {
        ...axis,
        grid,
        size: 52,
        space: 36,
        values: (_plot, splits) =>
          splits.map(value => (Number.isInteger(value) || kind === 'lines' ? format(value) : '')),
      },
    ],
    series: [
      {},
      ...order.map(index => {
        const paint = colour(`--chart-${index % colours}`);
        return kind === 'columns'
          ? {
              fill: paint,
              width: 0,
              points: { show: false },
              paths: uPlot.paths.bars?.({ size: [0.82, 28], align: 1 }),
            }
          : {
              stroke: paint,
              width: 1.75,
              spanGaps: true,
              points: { show: lines[index] !== undefined && sparse(lines[index]), size: 5, fill: paint },
            };
      }),
    ] as uPlot.Series[],
    hooks: { setCursor: [plot => onPoint(plot.cursor.idx ?? null)] },
  };
}

/** Few points are shown as points: a line of one would be invisible. */
const sparse = (line: Line): boolean => line.values.filter(value => value !== null).length < 25;
