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
  readonly last: boolean;
  /** Place of the next free field behind this one. */
  readonly nextFree: number;
  /** Fields of known shapes follow up to the end of the line, with no literal behind the last. */
  readonly runEndsLine: boolean;
}

const seeking: ReadonlySet<Shape> = new Set(['free', 'word', 'path']);
const slash = 47;
const space = 32;
const dash = 45;
const quote = 34;
const backslash = 92;

/**
 * A `log_format` as a list of steps over bytes. A free field ends where its literal stands and all fields of a known
 * shape that follow it fit, up to the next free one: so a user name with ` [` in it, a raw quote or the colons of an
 * address cost one more try and not a line. What was tried and fitted is not read again. Fields of a known shape are
 * short, so the work is linear in the length of the line, whatever is in it.
 */
export class TextParser implements LineParser {
  bytes: Buffer = Buffer.alloc(0);
  readonly bounds = new Int32Array(2 * slotCount).fill(-1);
  readonly #opening: Buffer;
  readonly #steps: readonly Step[];
  readonly #escaping: TextFormat['escaping'];
  /** With other escapes than the default, nginx writes what is not there as nothing, not as a dash. */
  readonly #mayBeEmpty: boolean;
  /** As `\"`: other escapes than those of JSON leave no backslash before a quote. */
  readonly #escapesQuotes: boolean;
  readonly #firstFree: number;

  constructor({ opening, segments, escaping }: TextFormat, mayBeEmpty = escaping !== 'default') {
    this.#escaping = escaping;
    this.#mayBeEmpty = mayBeEmpty;
    this.#escapesQuotes = escaping === 'json' || escaping === 'any';
    this.#opening = Buffer.from(opening);
    const nextFree = (from: number): number => {
      const found = segments.findIndex(({ shape }, index) => index >= from && seeking.has(shape));
      return found < 0 ? segments.length : found;
    };
    this.#firstFree = nextFree(0);
    this.#steps = segments.map(({ slot, shape, literal }, index) => ({
      bound: slot === undefined ? -1 : 2 * slots[slot],
      shape,
      literal: Buffer.from(literal),
      first: literal.length > 0 ? Buffer.from(literal)[0]! : slash,
      last: index === segments.length - 1,
      nextFree: nextFree(index + 1),
      runEndsLine:
        index < segments.length - 1 && nextFree(index + 1) === segments.length && segments.at(-1)?.literal === '',
    }));
  }

  parse(buffer: Buffer, start: number, end: number): boolean {
    this.bytes = buffer;
    if (!isAt(this.#opening, buffer, start, end)) return false;
    const steps = this.#steps;
    let index = this.#firstFree;
    let at = this.#readRun(0, index, buffer, start + this.#opening.length, end);
    while (at >= 0 && index < steps.length) {
      const step = steps[index]!;
      at = this.#readFree(step, index, buffer, at, end);
      index = step.nextFree;
    }
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

  /** Reads fields of known shapes, up to the free one. Returns where that begins, or -1 when they do not fit. */
  #readRun(from: number, to: number, bytes: Buffer, begin: number, end: number): number {
    const steps = this.#steps;
    const { bounds } = this;
    let at = begin;
    for (let index = from; index < to; index += 1) {
      const { shape, literal, first, bound } = steps[index]!;
      const stop = fixedEnd(shape, literal, bytes, at, end, this.#mayBeEmpty);
      if (stop < 0) return -1;
      if (literal.length === 1 ? stop >= end || bytes[stop] !== first : !isAt(literal, bytes, stop, end)) return -1;
      if (bound >= 0) {
        bounds[bound] = at;
        bounds[bound + 1] = stop;
      }
      at = stop + literal.length;
    }
    return at;
  }

  /** Reads a free field and the run behind it. Returns where the next free field begins, or -1. */
  #readFree(
    { bound, literal, first, shape, last, nextFree, runEndsLine }: Step,
    index: number,
    bytes: Buffer,
    at: number,
    end: number,
  ): number {
    const { bounds } = this;
    if (last && literal.length === 0) {
      if (bound >= 0) {
        bounds[bound] = at;
        bounds[bound + 1] = end;
      }
      return end;
    }
    let second = -1;
    for (let stop = at; ; stop += 1) {
      while (stop < end && bytes[stop] !== first) stop += 1;
      if (stop >= end) return second < 0 ? -1 : this.#readRun(index + 1, nextFree, bytes, second, end);
      if (literal.length > 1 && !isAt(literal, bytes, stop, end)) continue;
      if (first === quote && this.#escapesQuotes && isEscaped(bytes, at, stop)) continue;
      // What is behind the last literal is not looked at: a log may have more fields than its format says.
      const behind = stop + literal.length;
      const next = index + 1 === nextFree ? behind : this.#readRun(index + 1, nextFree, bytes, behind, end);
      if (next < 0) continue;
      // The port of `::1:8080` is not its first 1: what a number breaks off in is a second choice.
      const broken = runEndsLine && next < end && bytes[next] !== space;
      if (broken && second >= 0) continue;
      if (shape === 'word' && first !== space && hasSpace(bytes, at, stop)) return -1;
      if (bound >= 0) {
        bounds[bound] = at;
        bounds[bound + 1] = stop;
      }
      if (!broken) return next;
      second = behind;
    }
  }
}

/** An odd number of backslashes stands before it. */
function isEscaped(bytes: Buffer, start: number, at: number): boolean {
  let from = at;
  while (from > start && bytes[from - 1] === backslash) from -= 1;
  return (at - from) % 2 === 1;
}

function hasSpace(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at] === space) return true;
  return false;
}
