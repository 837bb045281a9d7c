import type { TextFormat } from './format.js';
import type { LineParser } from './line-parser.js';
import { fixedEnd, isAt } from './shapes.js';
import { slotCount, slots } from './slots.js';
import { unescapedDefault, unescapedJson } from './unescape.js';
import type { Shape } from './variables.js';

interface Step {
  /** Place of the first bound, or -1 when nobody wants the field. */
  readonly bound: number;
  readonly shape: Shape;
  readonly literal: Buffer;
  /** First byte of what ends the field. */
  readonly first: number;
  /** Where the field ends is seen from its own bytes. */
  readonly fixed: boolean;
  readonly last: boolean;
}

const seeking: ReadonlySet<Shape> = new Set(['free', 'word', 'path']);
const slash = 47;
const space = 32;
const dash = 45;

/**
 * A `log_format` as a list of steps over bytes. A free field ends where its literal stands and all fields of a known shape that follow it fit, up
 * to the next free one: so a user name with ` [` in it, a raw quote or the colons of an address cost one more try and not a line. What was tried
 * and fitted is not read again. Fields of a known shape are short, so the work is linear in the length of the line, whatever is in it.
 */
export class TextParser implements LineParser {
  bytes: Buffer = Buffer.alloc(0);
  readonly bounds = new Int32Array(2 * slotCount).fill(-1);
  readonly #opening: Buffer;
  readonly #steps: readonly Step[];
  readonly #escaping: TextFormat['escaping'];
  /** With other escapes than the default, nginx writes what is not there as nothing, not as a dash. */
  readonly #mayBeEmpty: boolean;
  /** The free field that comes after the run that was read last. */
  #next = 0;

  constructor({ opening, segments, escaping }: TextFormat, mayBeEmpty = escaping !== 'default') {
    this.#escaping = escaping;
    this.#mayBeEmpty = mayBeEmpty;
    this.#opening = Buffer.from(opening);
    this.#steps = segments.map(({ slot, shape, literal }, index) => ({
      bound: slot === undefined ? -1 : 2 * slots[slot],
      shape,
      literal: Buffer.from(literal),
      first: literal.length > 0 ? Buffer.from(literal)[0]! : slash,
      fixed: !seeking.has(shape),
      last: index === segments.length - 1,
    }));
  }

  parse(buffer: Buffer, start: number, end: number): boolean {
    this.bytes = buffer;
    if (!isAt(this.#opening, buffer, start, end)) return false;
    let at = this.#readRun(0, buffer, start + this.#opening.length, end);
    while (at >= 0 && this.#next < this.#steps.length) at = this.#readFree(this.#next, buffer, at, end);
    return at >= 0;
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
    const json = this.#escaping === 'json' || (this.#escaping === 'any' && !raw.includes('\\x'));
    return json ? unescapedJson(raw) : unescapedDefault(this.bytes.toString('latin1', start, end));
  }

  /** Reads the fields of known shapes from this step on. Returns where the free field behind them begins, or -1 when they do not fit. */
  #readRun(from: number, bytes: Buffer, begin: number, end: number): number {
    const steps = this.#steps;
    const { bounds } = this;
    let index = from;
    let at = begin;
    for (; index < steps.length; index += 1) {
      const step = steps[index]!;
      if (!step.fixed) break;
      const stop = fixedEnd(step.shape, step.literal, bytes, at, end, this.#mayBeEmpty);
      if (stop < 0) return -1;
      if (step.bound >= 0) {
        bounds[step.bound] = at;
        bounds[step.bound + 1] = stop;
      }
      at = stop + step.literal.length;
    }
    this.#next = index;
    return at;
  }

  /** Reads a free field and the run behind it. Returns where the next free field begins, or -1. */
  #readFree(index: number, bytes: Buffer, at: number, end: number): number {
    const { bound, literal, first, shape, last } = this.#steps[index]!;
    if (last && literal.length === 0) return this.#readLast(index, at, end);
    const word = shape === 'word' && first !== space;
    for (let stop = at; stop < end; stop += 1) {
      if (bytes[stop] !== first) {
        if (word && bytes[stop] === space) return -1;
        continue;
      }
      if (literal.length > 1 && !isAt(literal, bytes, stop, end)) continue;
      // What is behind the last literal is not looked at: a log may have more fields than its format says.
      const next = this.#readRun(index + 1, bytes, stop + literal.length, end);
      if (next < 0) continue;
      if (bound >= 0) {
        this.bounds[bound] = at;
        this.bounds[bound + 1] = stop;
      }
      return next;
    }
    return -1;
  }

  #readLast(index: number, at: number, end: number): number {
    const { bound } = this.#steps[index]!;
    if (bound >= 0) {
      this.bounds[bound] = at;
      this.bounds[bound + 1] = end;
    }
    this.#next = index + 1;
    return end;
  }
}
