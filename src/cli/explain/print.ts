import { ExactNumber } from '../../events/digits.js';
import type { Explanation, SinkExplanation } from '../../explain/explanation.js';
import { type Colour, coloured, type Terminal } from '../terminal.js';

const colours: Readonly<Record<SinkExplanation['outcome'], Colour>> = {
  delivered: 'green',
  filtered: 'yellow',
  too_old: 'yellow',
  ignored: 'yellow',
  not_addressed: 'yellow',
  held: 'red',
  refused: 'red',
};

type Printed = Pick<Explanation, 'event' | 'refused'> & { readonly sinks: Readonly<Record<string, SinkExplanation>> };

/** For people: the event, then what becomes of it at each sink. */
export function printExplanation({ event, refused, sinks }: Printed, terminal: Terminal): void {
  if (event === null) {
    terminal.outColoured([coloured('refused', 'red')]);
    for (const { field, message } of refused) terminal.out(`  ${field === '' ? message : `${field}: ${message}`}`);
    return;
  }
  const { id, created, category, type, source, sinks: only } = event;
  const kind = type === null ? category : `${category}.${type}`;
  const to = only === null ? '' : `, for ${only.join(', ')} alone`;
  const about = ` of ${new Date(created).toISOString()} from ${source}${to}, id ${id}`;
  terminal.outColoured([coloured(kind, 'bold'), about]);
  const width = Math.max(...Object.keys(sinks).map(name => name.length));
  for (const [name, sink] of Object.entries(sinks)) {
    const reason = sink.reason === undefined ? '' : `: ${sink.reason}`;
    terminal.outColoured([`  ${name.padEnd(width)}  `, coloured(sink.outcome, colours[sink.outcome]), reason]);
    for (const line of detailsOf(sink)) terminal.out(`    ${line}`);
  }
}

function detailsOf({ output, personal, context, notes }: SinkExplanation): readonly string[] {
  const changed = personal === undefined ? [] : [`personal data (${personal.level}): ${inWords(personal)}`];
  const added = context === undefined ? [] : [`known beside the event: ${context.join(', ')}`];
  const noted = notes.map(({ what, field }) => `note: ${field === undefined ? what : `${field}: ${what}`}`);
  return [...(output === undefined ? [] : linesOf(output)), ...changed, ...added, ...noted];
}

function inWords({ left_out, replaced, added }: NonNullable<SinkExplanation['personal']>): string {
  return Object.entries({ 'left out': left_out, replaced, added })
    .filter(([, names]) => names.length > 0)
    .map(([what, names]) => `${what} ${names.join(', ')}`)
    .join('; ');
}

/** Name by name; a text of several lines stands below its name. */
function linesOf(value: unknown): readonly string[] {
  if (typeof value === 'string' && value.includes('\n')) return value.trimEnd().split('\n');
  if (value instanceof ExactNumber) return [value.digits];
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return [JSON.stringify(value)];
  const entries: [string, unknown][] = Array.isArray(value)
    ? value.map((item, index) => [`- ${index + 1}`, item])
    : Object.entries(value);
  return entries.flatMap(([name, inner]) => {
    const lines = linesOf(inner);
    const [first = ''] = lines;
    const isShort =
      lines.length === 1 &&
      (typeof inner !== 'object' ||
        inner instanceof ExactNumber ||
        first === '{}' ||
        first === '[]' ||
        first === 'null');
    return isShort ? [`${name}: ${first}`] : [`${name}:`, ...lines.map(line => `  ${line}`)];
  });
}
