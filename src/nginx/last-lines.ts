import { openPlain } from './files/content.js';
import { maxLineBytes } from './limits.js';
import { createParser } from './lines/create-parser.js';
import type { LogFormat } from './lines/format.js';
import { lineTime } from './lines/line-time.js';

export interface LastLines {
  /** Whole lines at the end of the log, at most a hundred. */
  readonly lines: number;
  /** As many of them are of the format. */
  readonly parsed: number;
  /** As many look like JSON. */
  readonly objects: number;
}

const maxLines = 100;

/** Reads the end of a log as the daemon would. @throws ENOENT, EACCES and the like; SetupError when it is no file */
export async function readLastLines(path: string, format: LogFormat): Promise<LastLines> {
  const content = await openPlain(path);
  try {
    const { size = 0 } = await content.state();
    const begin = Math.max(0, size - 2 * maxLineBytes);
    const buffer = Buffer.alloc(size - begin);
    const length = await content.read(buffer, 0, buffer.length, begin);
    const pieces = buffer.subarray(0, length).toString('latin1').split('\n');
    // The first is cut, unless it begins the file; behind the last newline stands what is not finished.
    const whole = pieces.slice(begin === 0 ? 0 : 1, -1).filter(line => line.trim() !== '');
    const last = whole.slice(-maxLines).map(line => Buffer.from(line.replace(/\r$/, ''), 'latin1'));
    const parser = createParser(format);
    const parses = (line: Buffer): boolean => parser.parse(line, 0, line.length) && lineTime(parser) >= 0;
    return {
      lines: last.length,
      parsed: last.filter(parses).length,
      objects: last.filter(line => line[0] === 0x7b).length,
    };
  } finally {
    await content.close();
  }
}
