import { escaped, isolated, timeInWords } from '../../printed/markup.js';
import { style } from '../../printed/style.js';
import { few } from '../figures.js';
import { bars } from './bars.js';
import type { CountryLine, DatasetLine, GroupLine, MonthlyReport, MonthSums, ReportLine } from './report.js';
import { change, countryInWords, monthInWords, number, reasonInWords, sourceInWords, volume } from './words.js';

/** Lines of one table on the page; the files for programs have all. */
const maxLines = 100;

/** A page that is complete in itself, without a script, for the screen and for paper (A4). */
export function monthlyReportAsHtml(report: MonthlyReport): string {
  const name = report.platform ?? report.publisher ?? 'Data platform';
  const month = monthInWords(report.month);
  const { month_before, year_before, months, spaces, datasets, owners, countries } = report;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(name)}: usage of data in ${month}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>Usage of data in ${month}</h1>
<p class="lead">${isolated(name)}${
    report.publisher === null || report.publisher === name ? '' : `, ${isolated(report.publisher)}`
  }</p>
</header>
<main>
${keyFigures(report)}
${completeness(report)}
${comparison(report, [month_before, year_before])}
${months.length > 1 ? `<h2>Downloads by month</h2>\n<figure>${bars(months)}<figcaption class="note">Solid: people. Hatched: machines. ${months.length < 13 ? `Counted since ${monthInWords(months[0]?.month ?? report.month)}.` : ''}</figcaption></figure>` : ''}
${section('Spaces', spaces, groupTable('Space', 'Without a known space'))}
${section('Datasets', datasets, datasetTable)}
${section('Owners of datasets', owners, groupTable('Owner', 'Not known'))}
${section('Countries', countries, countryTable)}
${leftOut(report)}
${method(report)}
</main>
<footer>Made on ${timeInWords(report.created)} by event-sink${
    report.publisher_id === null ? '' : ` for ${isolated(report.publisher_id)}`
  }. ${report.closed === null ? 'The month is open: it takes in accesses that become known late.' : `The month was closed on ${timeInWords(report.closed)}: its figures stay as they are.`}</footer>
</body>
</html>
`;
}

function keyFigures({ total: { regular, machine, users }, datasets }: MonthlyReport): string {
  const used = datasets.filter(({ id }) => id !== null).length;
  const boxes: [string, string, string][] = [
    [
      number(regular.total_dataset_requests),
      'downloads by people',
      `and ${number(machine.total_dataset_requests)} by machines`,
    ],
    [
      number(regular.total_dataset_investigations),
      'views and downloads by people',
      `and ${number(machine.total_dataset_investigations)} by machines`,
    ],
    [volume(regular.request_bytes), 'downloaded by people', `and ${volume(machine.request_bytes)} by machines`],
    [`≥ ${number(users.regular)}`, 'different people', 'of one dataset on its busiest day'],
    [number(used), used === 1 ? 'dataset used' : 'datasets used', ''],
  ];
  const items = boxes.map(
    ([figure, what, more]) => `<li><b>${figure}</b><span>${what}</span><span>${more}</span></li>`,
  );
  return `<ul class="key">\n${items.join('\n')}\n</ul>`;
}

function completeness({ complete, missing }: MonthlyReport): string {
  if (complete) return '<p class="box"><b>Complete.</b> Nothing is known to be missing from these figures.</p>';
  const items = missing.map(sentence => `<li>${escaped(sentence)}</li>`);
  return `<div class="box"><b>Not complete.</b> The figures are too small by what is missing:\n<ul>${items.join('')}</ul></div>`;
}

const compared = [
  ['total_dataset_requests', 'Downloads', number],
  ['unique_dataset_requests', 'Downloads, once a session', number],
  ['total_dataset_investigations', 'Views and downloads', number],
  ['unique_dataset_investigations', 'Views and downloads, once a session', number],
  ['request_bytes', 'Volume of downloads', volume],
  ['bytes', 'Volume of all', volume],
] as const;

function comparison({ month, total }: MonthlyReport, others: readonly (MonthSums | null)[]): string {
  const known = others.flatMap(other => other ?? []);
  const columns = [month, ...known.map(other => other.month)].map(one => `<th scope="col">${monthInWords(one)}</th>`);
  const rows = (['regular', 'machine'] as const).flatMap(method =>
    compared.map(([figure, what, inWords]) => {
      const now = total[method][figure];
      const cells = known.map(other => {
        const before = other[method][figure];
        const difference = change(now, before);
        return `<td>${inWords(before)}${difference === undefined ? '' : `<span class="id">${difference}</span>`}</td>`;
      });
      const by = method === 'regular' ? 'by people' : 'by machines';
      return `<tr><th scope="row">${what} ${by}</th><td>${inWords(now)}</td>${cells.join('')}</tr>`;
    }),
  );
  const note =
    known.length === 0 ? '' : '<p class="note">Below each earlier figure: the change from it to this month.</p>';
  return `<h2>The month in figures</h2>\n${table(`<tr><td></td>${columns.join('')}</tr>`, rows)}${note}`;
}

function section<Line>(title: string, lines: readonly Line[], show: (lines: readonly Line[]) => string): string {
  if (lines.length === 0) return '';
  const rest = lines.length - maxLines;
  const more =
    rest > 0
      ? `<p class="note">The ${maxLines} with the most downloads. ${number(rest)} more are in the files for programs (CSV, JSON).</p>`
      : '';
  return `<h2>${title}</h2>\n${show(lines.slice(0, maxLines))}${more}`;
}

/** Two rows of heads: each figure, and below it who; the first columns reach over both. */
function heads(first: readonly string[], figures: readonly string[]): string {
  const tall = first.map(what => `<th scope="col" rowspan="2">${what}</th>`);
  const wide = figures.map(what => `<th scope="colgroup" colspan="2">${what}</th>`);
  const below = figures.map(() => '<th scope="col">People</th><th scope="col">Machines</th>');
  return `<tr>${[...tall, ...wide].join('')}</tr><tr class="who">${below.join('')}</tr>`;
}

/** People alone: a script has no user of its own. */
const usersHead = 'People (≥)';

function usersCell({ users }: ReportLine): string {
  return `<td>${number(users.regular)}</td>`;
}

const figureNames = ['Downloads', 'Views and downloads', 'Volume of downloads'];

function figureCells({ regular, machine }: ReportLine): string {
  const cells = [
    number(regular.total_dataset_requests),
    number(machine.total_dataset_requests),
    number(regular.total_dataset_investigations),
    number(machine.total_dataset_investigations),
    volume(regular.request_bytes),
    volume(machine.request_bytes),
  ];
  return cells.map(cell => `<td>${cell}</td>`).join('');
}

function groupTable(what: string, unknown: string): (lines: readonly GroupLine[]) => string {
  return lines =>
    table(
      heads([what, 'Datasets', usersHead], figureNames),
      lines.map(
        line =>
          `<tr><th scope="row">${named(line, unknown)}</th><td>${number(line.datasets)}</td>${usersCell(line)}${figureCells(line)}</tr>`,
      ),
    );
}

function datasetTable(lines: readonly DatasetLine[]): string {
  return table(
    heads(['Dataset', usersHead], figureNames),
    lines.map(line => {
      const doi = line.doi === null ? '' : `<span class="id">https://doi.org/${escaped(line.doi)}</span>`;
      const file = line.kind === 'file' ? '<span class="id">a file without a known dataset</span>' : '';
      return `<tr><th scope="row">${named(line, 'What belongs to no known dataset')}${doi}${file}</th>${usersCell(line)}${figureCells(line)}</tr>`;
    }),
  );
}

function named({ id, title }: ReportLine, unknown: string): string {
  if (id === null) return unknown;
  return title === null ? isolated(id) : `${isolated(title)}<span class="id">${escaped(id)}</span>`;
}

function countryTable(lines: readonly CountryLine[]): string {
  const cells = ({ regular, machine }: CountryLine): string =>
    (['total_dataset_requests', 'total_dataset_investigations'] as const)
      .flatMap(name => [regular, machine].map(figures => (figures === few ? escaped(few) : number(figures[name]))))
      .map(cell => `<td>${cell}</td>`)
      .join('');
  return table(
    heads(['Country'], figureNames.slice(0, 2)),
    lines.map(line => `<tr><th scope="row">${escaped(countryInWords(line.id))}</th>${cells(line)}</tr>`),
  );
}

function table(headRows: string, rows: readonly string[]): string {
  return `<div class="scroll"><table>\n<thead>${headRows}</thead>\n<tbody>\n${rows.join('\n')}\n</tbody>\n</table></div>\n`;
}

function leftOut({ left_out }: MonthlyReport): string {
  const found = Object.entries(left_out);
  if (found.length === 0) return '';
  const rows = found.map(
    ([reason, count]) => `<tr><th scope="row">${escaped(reasonInWords(reason))}</th><td>${number(count)}</td></tr>`,
  );
  return `<h2>What was left out</h2>\n${table('<tr><th scope="col">Not counted</th><th scope="col">Accesses</th></tr>', rows)}`;
}

function method({ source, notes }: MonthlyReport): string {
  const said = notes.map(note => ` ${escaped(note.charAt(0).toUpperCase() + note.slice(1))}.`).join('');
  return `<h2>How it was counted</h2>
<dl>
<dt>Rules</dt><dd>COUNTER Code of Practice for Research Data, release 1. Days and months are those of UTC.</dd>
<dt>Source</dt><dd>${escaped(sourceInWords(source))}.${said}</dd>
<dt>Downloads and views</dt><dd>A download is a retrieval of content, whole or in part (the standard’s request). A view is any access to a dataset or one of its files; every download is counted among the views and downloads too (the standard’s investigation).</dd>
<dt>Once a session</dt><dd>However many files of a dataset somebody used within an hour, or a session that is known, counts once.</dd>
<dt>People and machines</dt><dd>Machines are the scripts and tools that people use, such as curl, Python and R. Both are counted apart, and never added up. Robots are left out.</dd>
<dt>Users</dt><dd>Users are known by pseudonyms of a day, so that a number of them is a lower bound. Who they are is not in this report. Countries with fewer than three users are shown as “${escaped(few)}”.</dd>
</dl>`;
}
