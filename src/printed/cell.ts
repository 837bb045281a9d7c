/**
 * A title is somebody's text. In a table it is one line without tabs, and nothing that a spreadsheet takes for a
 * formula: those begin with `=`, `+`, `-` or `@`, with white space before it or without.
 */
export function plainCell(text: string): string {
  return text
    .replace(/[\t\r\n]+/g, ' ')
    .replace(/^(?=\s*[=+@-])/, "'")
    .toWellFormed();
}

/** A line of a table for spreadsheets, without its end. @see RFC 4180 */
export function csvLine(cells: readonly (string | number | null | undefined)[]): string {
  return cells.map(csvCell).join(',');
}

function csvCell(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = plainCell(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
