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
