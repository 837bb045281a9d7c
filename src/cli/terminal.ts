import { visible } from '../visible.js';

/** Where a command reads and writes. People get tables and bars on a terminal, programs get JSON lines. */
export interface Terminal {
  readonly input: AsyncIterable<Uint8Array | string>;
  readonly inputIsTerminal: boolean;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  /** Width of the terminal, characters. */
  readonly columns: number;
  /** A line to the standard output. */
  out(line: string): void;
  /** The same of several parts, with colours on a terminal that shows them. */
  outColoured(parts: readonly (string | Coloured)[]): void;
  /** A line to the standard error. */
  err(line: string): void;
  /** Rewrites the last line of the standard error; an empty line removes it. Only on a terminal. */
  rewrite(line: string): void;
}

export type Colour = 'bold' | 'red' | 'green' | 'yellow';

export interface Coloured {
  readonly text: string;
  readonly colour: Colour;
}

export function coloured(text: string, colour: Colour): Coloured {
  return { text, colour };
}

/** Numbers of ECMA-48, "Select graphic rendition". */
const renditions: Readonly<Record<Colour, number>> = { bold: 1, red: 31, green: 32, yellow: 33 };

type Output = NodeJS.WriteStream;

export function processTerminal(streams: {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: Output;
  readonly stderr: Output;
}): Terminal {
  const { stdout, stderr } = streams;
  // A reader that went away (`| head`) is not our error.
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  /** What others wrote (a reason, a name) must not act on the terminal; a program gets it to the letter. */
  const printable = (stream: Output, text: string): string =>
    stream.isTTY === true ? visible(text, { lines: true }) : text;
  let rewritten = false;
  const clear = (): void => {
    if (rewritten) stderr.write('\r\x1b[K');
    rewritten = false;
  };
  return {
    // Opened when it is asked for.
    get input() {
      return streams.stdin;
    },
    get inputIsTerminal() {
      return streams.stdin.isTTY === true;
    },
    outIsTerminal: stdout.isTTY === true,
    errIsTerminal: stderr.isTTY === true,
    columns: stderr.columns || stdout.columns || 80,
    out(line) {
      clear();
      stdout.write(`${printable(stdout, line)}\n`);
    },
    outColoured(parts) {
      clear();
      const shows = stdout.isTTY === true && stdout.hasColors();
      const shown = parts.map(part => {
        if (typeof part === 'string') return printable(stdout, part);
        const text = printable(stdout, part.text);
        return shows ? `\x1b[${renditions[part.colour]}m${text}\x1b[0m` : text;
      });
      stdout.write(`${shown.join('')}\n`);
    },
    err(line) {
      clear();
      stderr.write(`${printable(stderr, line)}\n`);
    },
    rewrite(line) {
      clear();
      if (line === '') return;
      stderr.write(printable(stderr, line));
      rewritten = true;
    },
  };
}

/** Columns as wide as their widest cell; when they do not fit, the widest are wrapped. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[], columns: number): string {
  const all = [heading, ...rows].map(row => row.map(cell => visible(cell)));
  const widths = heading.map((_, column) => Math.max(...all.map(row => (row[column] ?? '').length)));
  const room = columns - 2 * (widths.length - 1);
  for (;;) {
    const widest = Math.max(...widths);
    if (widths.reduce((sum, width) => sum + width, 0) <= room || widest <= 16) break;
    widths[widths.indexOf(widest)] = widest - 1;
  }
  const lines: string[] = [];
  for (const row of all) {
    const cells = widths.map((width, column) => wrap(row[column] ?? '', width));
    for (let line = 0; line < Math.max(...cells.map(cell => cell.length)); line++) {
      const parts = cells.map((cell, column) => (cell[line] ?? '').padEnd(widths[column] ?? 0));
      lines.push(parts.join('  ').trimEnd());
    }
  }
  return lines.join('\n');
}

/** By words; leading spaces are kept, a word longer than the width is cut. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    const end = space > 0 && rest.slice(0, space).trim() !== '' ? space : width;
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest];
}
