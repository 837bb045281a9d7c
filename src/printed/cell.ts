type Cell = string | number | null | undefined;

/** A line of a table for spreadsheets, without its end. @see RFC 4180 */
export function csvLine(cells: readonly Cell[]): string {
  return cells.map(cell => quoted(cell, /[",]/)).join(',');
}

/** The same with tabs. Cells with a quote are quoted as well, because spreadsheets read quotes there too. */
export function tsvLine(cells: readonly Cell[]): string {
  return cells.map(cell => quoted(cell, /"/)).join('\t');
}

function quoted(cell: Cell, special: RegExp): string {
  if (cell === null || cell === undefined) return '';
  if (typeof cell === 'number') return String(cell);
  const text = plainCell(cell);
  return special.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * A title is somebody's text. In a table it is one line without control characters, and nothing that a spreadsheet
 * takes for a formula: those begin with `=`, `+`, `-` or `@`, wide forms of them too, with quotes, white space and what
 * cannot be seen before it or without.
 */
function plainCell(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .replace(/^(?=[\s\p{Cf}"]*[=+@\-＝＋＠－])/u, "'");
}
