import { type Shape, slotCount, slots, type TextFormat } from './format.js';
import type { LineParser } from './line-parser.js';

interface Step {
  /** Place of the first bound, or -1 when nobody wants the field. */
  readonly bound: number;
  readonly shape: Shape;
  readonly literal: Buffer;
  readonly next: Shape;
  readonly last: boolean;
}

const localTimeLength = '05/Mar/2024:10:00:00 +0000'.length;
const isoTimeLength = '2024-03-05T10:00:00+00:00'.length;
const [slash, space, dash, dot, zero, nine, colon, letterT] = [...'/ -.09:T'].map(character =>
  character.charCodeAt(0),
) as [number, number, number, number, number, number, number, number];

/**
 * A `log_format` as a list of steps over bytes. A free field ends where its literal comes and the field behind it looks right: so a user name with
 * ` [` in it, or a raw quote, costs one more look and not a line. The work is linear in the length of the line, whatever is in it.
 */
export class TextParser implements LineParser {
  bytes: Buffer = Buffer.alloc(0);
  readonly bounds = new Int32Array(2 * slotCount).fill(-1);
  readonly #opening: Buffer;
  readonly #steps: readonly Step[];
  readonly #escaping: TextFormat['escaping'];

  constructor({ opening, segments, escaping }: TextFormat) {
    this.#escaping = escaping;
    this.#opening = Buffer.from(opening);
    this.#steps = segments.map(({ slot, shape, literal }, index) => ({
      bound: slot === undefined ? -1 : 2 * slots[slot],
      shape,
      literal: Buffer.from(literal),
      next: segments[index + 1]?.shape ?? 'free',
      last: index === segments.length - 1,
    }));
  }

  parse(buffer: Buffer, start: number, end: number): boolean {
    this.bytes = buffer;
    const { bounds } = this;
    if (!isAt(this.#opening, buffer, start, end)) return false;
    let at = start + this.#opening.length;
    const steps = this.#steps;
    for (let index = 0; index < steps.length; index += 1) {
      const step = steps[index]!;
      const stop = fieldEnd(step, buffer, at, end);
      if (stop < 0) return false;
      if (step.bound >= 0) {
        bounds[step.bound] = at;
        bounds[step.bound + 1] = stop;
      }
      at = stop + step.literal.length;
    }
    return true;
  }

  text(slot: number): string | undefined {
    const start = this.bounds[2 * slot]!;
    const end = this.bounds[2 * slot + 1]!;
    if (start < 0 || start === end || (end - start === 1 && this.bytes[start] === dash)) return undefined;
    return this.textOf(start, end);
  }

  textOf(start: number, end: number): string {
    const raw = this.bytes.toString('utf8', start, end);
    if (this.#escaping === 'none' || !raw.includes('\\')) return raw;
    return this.#escaping === 'json' ? unescapedJson(raw) : unescaped(this.bytes.toString('latin1', start, end));
  }
}

/** Where the field that begins at `at` ends, or -1. */
function fieldEnd({ shape, literal, next, last }: Step, bytes: Buffer, at: number, end: number): number {
  let stop = at;
  switch (shape) {
    case 'local time':
      stop = at + localTimeLength;
      return looksRight(shape, bytes, at, end) && isAt(literal, bytes, stop, end) ? stop : -1;
    case 'iso time':
      stop = at + isoTimeLength;
      return looksRight(shape, bytes, at, end) && isAt(literal, bytes, stop, end) ? stop : -1;
    case 'integer':
    case 'decimal':
      stop = numberEnd(shape, bytes, at, end);
      return stop > at && isAt(literal, bytes, stop, end) ? stop : -1;
    default:
      break;
  }
  if (literal.length === 0 && last) return end;
  const first = literal.length > 0 ? literal[0]! : slash;
  for (; stop < end; stop += 1) {
    if (bytes[stop] !== first || !isAt(literal, bytes, stop, end)) continue;
    // What is behind the last literal is not looked at: a log may have more fields than its format says.
    if (last || looksRight(next, bytes, stop + literal.length, end)) return stop;
  }
  return -1;
}

function isAt(literal: Buffer, bytes: Buffer, at: number, end: number): boolean {
  if (at + literal.length > end) return false;
  for (let index = 0; index < literal.length; index += 1) if (bytes[at + index] !== literal[index]) return false;
  return true;
}

function looksRight(shape: Shape, bytes: Buffer, at: number, end: number): boolean {
  switch (shape) {
    case 'local time':
      return (
        at + localTimeLength <= end &&
        bytes[at + 2] === slash &&
        bytes[at + 6] === slash &&
        bytes[at + 11] === colon &&
        bytes[at + 20] === space
      );
    case 'iso time':
      return at + isoTimeLength <= end && bytes[at + 4] === dash && bytes[at + 10] === letterT;
    case 'integer':
    case 'decimal':
      return at < end && (bytes[at] === dash || isDigit(bytes[at]!));
    default:
      return true;
  }
}

/** `-` alone stands for a number that is not there. */
function numberEnd(shape: Shape, bytes: Buffer, at: number, end: number): number {
  if (bytes[at] === dash) return at + 1;
  let stop = at;
  while (stop < end && (isDigit(bytes[stop]!) || (shape === 'decimal' && bytes[stop] === dot))) stop += 1;
  return stop;
}

function isDigit(byte: number): boolean {
  return byte >= zero && byte <= nine;
}

/** `\xHH`, as nginx writes quotes, backslashes, control characters and everything beyond ASCII. */
function unescaped(latin1: string): string {
  const bytes = latin1.replace(/\\x([0-9A-Fa-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function unescapedJson(raw: string): string {
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return raw;
  }
}
