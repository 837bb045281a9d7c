import { useMemo, useRef } from 'preact/hooks';
import type { SeriesLine } from '../../../openapi/api-types.js';

/** A line and which of the chart's colours (`--chart-0` and on) it has. */
export interface ColouredLine extends SeriesLine {
  readonly colour: number;
}

/** Nobody can tell more colours than these apart; the last, a grey, is for what is gathered. */
const colours = 7;
const gatheredColour = 7;

/**
 * The largest lines, each with the colour it had before, in an order that stays: a line that overtakes another changes
 * neither. The others are gathered into one when they are counts that can be added up; otherwise they are left out.
 */
export function useColours(lines: readonly SeriesLine[], gather: boolean): readonly ColouredLine[] {
  const slots = useRef<readonly (string | undefined)[]>([]);
  return useMemo(() => {
    const shown = lines.slice(0, colours);
    slots.current = assign(
      slots.current,
      shown.map(({ name }) => name),
    );
    const coloured = shown
      .map(line => ({ ...line, colour: slots.current.indexOf(line.name) }))
      .sort((a, b) => a.colour - b.colour);
    const rest = lines.slice(colours);
    return gather && rest.length > 0 ? [...coloured, gathered(rest)] : coloured;
  }, [lines, gather]);
}

/** Names keep their places; new ones take the first that are free. */
function assign(before: readonly (string | undefined)[], names: readonly string[]): (string | undefined)[] {
  const slots = Array.from({ length: colours }, (_, index) => {
    const name = before[index];
    return name !== undefined && names.includes(name) ? name : undefined;
  });
  for (const name of names) {
    if (!slots.includes(name)) slots[slots.indexOf(undefined)] = name;
  }
  return slots;
}

function gathered(lines: readonly SeriesLine[]): ColouredLine {
  const values = (lines[0]?.values ?? []).map((_, at) => lines.reduce((sum, line) => sum + (line.values[at] ?? 0), 0));
  return { name: `${lines.length} more`, values, colour: gatheredColour };
}
