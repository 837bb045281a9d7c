/**
 * What a line looks like, for whoever has to find the format that fits: letters are x, digits 0, marks stay, and a
 * query is left out. It shows no address, no name and no key of anybody.
 */
export function lineShape(line: string): string {
  return line
    .replace(/\?[^\s"]*/g, '?…')
    .replace(/[^\x20-\x7e…]/g, 'x')
    .replace(/[A-Za-z]/g, 'x')
    .replace(/[0-9]/g, '0');
}
