import uPlot from 'uplot';
import { date, hourAndMinute } from '../elements/format.js';
import type { ColouredLine } from './colours.js';

/** Columns stand on each other; lines cross. */
export type Kind = 'columns' | 'lines';

export const plotHeight = 200;
const dayMs = 24 * 3_600_000;
/** A line with fewer points shows them: a line of one would be invisible. */
const fewPoints = 25;
const minColumns = 4;
const minLines = 1e-6;

interface PlotOptions {
  readonly kind: Kind;
  readonly lines: readonly ColouredLine[];
  readonly step: number;
  readonly format: (value: number) => string;
  /** The pointer is over this step, or over none. */
  readonly onPoint: (at: number | null) => void;
}

/**
 * Times, then a list for each line; columns are sums, the largest first, so that each is painted over the one before.
 */
export function dataOf(kind: Kind, times: readonly number[], lines: readonly ColouredLine[]): uPlot.AlignedData {
  if (kind === 'lines') return [[...times], ...lines.map(({ values }) => [...values])] as uPlot.AlignedData;
  const below = times.map(() => 0);
  const tops = lines.map(({ values }) =>
    values.map((value, at) => {
      below[at] = (below[at] ?? 0) + (value ?? 0);
      return value === null || value === 0 ? null : below[at];
    }),
  );
  return [[...times], ...tops.reverse()] as uPlot.AlignedData;
}

/** Colours and letters are those of the style sheet where the chart stands. */
export function optionsOf(container: HTMLElement, { kind, lines, step, format, onPoint }: PlotOptions): uPlot.Options {
  const style = getComputedStyle(container);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--muted'),
    font: `12px ${style.fontFamily}`,
    ticks: { show: false },
    border: { show: false },
  };
  const min = kind === 'columns' ? minColumns : minLines;
  const timeWords: uPlot.Axis['values'] = (_plot, splits, _axis, _space, gap) =>
    splits.map(time => (gap >= dayMs ? date(time) : hourAndMinute(time)));
  const numberWords: uPlot.Axis['values'] = (_plot, splits) =>
    splits.map(value => (kind === 'lines' || Number.isInteger(value) ? format(value) : ''));
  return {
    width: container.clientWidth,
    height: plotHeight,
    ms: 1,
    legend: { show: false },
    padding: [8, 18, 0, 0],
    cursor: { y: false, points: { show: kind === 'lines' }, drag: { x: false, y: false } },
    scales: {
      x: { time: true, range: (_plot, first, last) => [first, kind === 'columns' ? last + step : last] },
      y: { range: (_plot, _lowest, highest) => [0, Math.max(highest, min) * 1.08] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 26, space: 64, values: timeWords },
      { ...axis, grid: { stroke: colour('--line'), width: 1 }, size: 52, space: 36, values: numberWords },
    ],
    series: [
      {},
      ...(kind === 'columns'
        ? lines.map(line => column(colour(`--chart-${line.colour}`))).reverse()
        : lines.map(line => stroke(line, colour(`--chart-${line.colour}`)))),
    ],
    hooks: { setCursor: [plot => onPoint(plot.cursor.idx ?? null)] },
  };
}

function column(paint: string): uPlot.Series {
  const paths = uPlot.paths.bars?.({ size: [0.82, 28], align: 1 });
  return { fill: paint, width: 0, points: { show: false }, ...(paths === undefined ? {} : { paths }) };
}

function stroke({ values }: ColouredLine, paint: string): uPlot.Series {
  const few = values.filter(value => value !== null).length < fewPoints;
  return { stroke: paint, width: 1.75, spanGaps: true, points: { show: few, size: 5, fill: paint } };
}
