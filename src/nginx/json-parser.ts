import { type JsonFormat, slotCount, slots } from './format.js';
import type { LineParser } from './line-parser.js';

/** Room for the fields of the longest line: each of its bytes may be one that is no UTF-8, and becomes three. */
const scratchBytes = 3 * 64 * 1024;

/** A JSON object a line. The fields are copied out as bytes, so that the rest of the work is the same as for text. */
export class JsonParser implements LineParser {
  readonly bytes = Buffer.alloc(scratchBytes);
  readonly bounds = new Int32Array(2 * slotCount).fill(-1);
  readonly #keys: readonly { readonly bound: number; readonly path: readonly string[] }[];

  constructor({ keys }: JsonFormat) {
    this.#keys = keys.map(({ slot, path }) => ({ bound: 2 * slots[slot], path }));
  }

  parse(buffer: Buffer, start: number, end: number): boolean {
    const line = objectIn(buffer.toString('utf8', start, end));
    if (line === undefined) return false;
    this.bounds.fill(-1);
    let at = 0;
    for (const { bound, path } of this.#keys) {
      if (this.bounds[bound] !== -1) continue;
      const value = valueAt(line, path);
      if (value === undefined || value === '') continue;
      const stop = at + this.bytes.write(value, at);
      this.bounds[bound] = at;
      this.bounds[bound + 1] = stop;
      at = stop;
    }
    return true;
  }

  text(slot: number): string | undefined {
    const start = this.bounds[2 * slot]!;
    if (start < 0) return undefined;
    const value = this.textOf(start, this.bounds[2 * slot + 1]!);
    return value === '-' ? undefined : value;
  }

  textOf(start: number, end: number): string {
    return this.bytes.toString('utf8', start, end);
  }
}

type Line = Readonly<Record<string, unknown>>;

function objectIn(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Line) : undefined;
  } catch {
    return undefined;
  }
}

function valueAt(line: Line, path: readonly string[]): string | undefined {
  let value: unknown = line;
  for (const key of path) value = typeof value === 'object' && value !== null ? (value as Line)[key] : undefined;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}
