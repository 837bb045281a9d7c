import { readFileSync } from 'node:fs';

/** A row of the first table of docs/asked-for.md: what was asked for, and the event that answers it. */
export interface Row {
  readonly asked: string;
  readonly category: string;
  readonly type: string | undefined;
  /** All fields of the event beside id, category, type and time. */
  readonly fields: readonly string[];
  /** There are more of them. */
  readonly more: boolean;
  readonly amplitude: string;
  readonly ga4: string;
}

/** A row of the second table: where a field stands at a sink; none of these places: it is not sent. */
export type Places = Readonly<Record<'influxdb' | 'amplitude' | 'ga4', Place>>;

export interface Place {
  /** In InfluxDB, not a field. */
  readonly tag: string | undefined;
  readonly paths: readonly string[];
  /** What stands there in place of the value. */
  readonly as: 'itself' | 'pseudonym' | 'hash' | 'words' | 'property';
}

const page = readFileSync('docs/asked-for.md', 'utf8');

/** The cells of the table whose first column has this heading, without heading and rule. */
function cellsOf(heading: string): string[][] {
  const lines = page.split('\n');
  const start = lines.findIndex(line => line.startsWith(`| ${heading} |`));
  if (start === -1) throw new Error(`docs/asked-for.md has no table of "${heading}"`);
  const rest = lines.slice(start + 2);
  const end = rest.findIndex(line => !line.startsWith('|'));
  return rest.slice(0, end === -1 ? undefined : end).map(line =>
    line
      .slice(1, -1)
      .split('|')
      .map(cell => cell.trim()),
  );
}

const quoted = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);

export function rowsOfTable(): Row[] {
  return cellsOf('asked for').map(([asked = '', _from, _setting, event = '', fields = '', analytics = '']) => {
    const [category = '', type] = (quoted(event)[0] ?? '').split('.');
    const [amplitude = '', ga4 = ''] = analytics.split(', ');
    const more = fields.endsWith('…');
    return { asked, category, type, fields: quoted(fields), more, amplitude, ga4: quoted(ga4)[0] ?? '' };
  });
}

export function placesOfFields(): Map<string, Places> {
  return new Map(
    cellsOf('field').map(([field = '', ...cells]) => {
      const [influxdb, amplitude, ga4] = cells.map(placeOf);
      if (!influxdb || !amplitude || !ga4) throw new Error(`a cell of ${field} is missing`);
      return [quoted(field)[0] ?? '', { influxdb, amplitude, ga4 }];
    }),
  );
}

function placeOf(cell: string): Place {
  const as = (['pseudonym', 'hash', 'words', 'property'] as const).find(word => cell.includes(word)) ?? 'itself';
  const [, tag] = /^tag `(\w+)`/.exec(cell) ?? [];
  return { tag, paths: quoted(cell), as };
}
