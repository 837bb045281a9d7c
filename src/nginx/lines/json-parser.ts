import type { JsonFormat } from './format.js';
import type { JsonKey } from './json-names.js';
import type { LineParser } from './line-parser.js';
import { slotCount, slots } from './slots.js';
import { repairedJson } from './unescape.js';

/** Room for the fields of the longest line: each of its bytes may be one that is not UTF-8, and becomes three. */
const scratchBytes = 3 * 64 * 1024;
/** Keys whose meaning is remembered; and how deep objects are looked into. */
const maxKeys = 2_000;
const maxDepth = 4;

/** A JSON object a line. The fields are copied out as bytes, so that the rest of the work is the same as for text. */
export class JsonParser implements LineParser {
  readonly bytes = Buffer.alloc(scratchBytes);
  readonly bounds = new Int32Array(2 * slotCount).fill(-1);
  readonly #keyOf: JsonFormat['keyOf'];
  readonly #known = new Map<string, JsonKey | undefined>();
  /** The rank of the key that fills a slot. */
  readonly #ranks = new Int32Array(slotCount);
  #used = 0;
  /** The line says what was asked for, be it nothing: a log of anything else does not. */
  #request = false;

  constructor({ keyOf }: JsonFormat) {
    this.#keyOf = keyOf;
  }

  parse(buffer: Buffer, start: number, end: number): boolean {
    const line = objectIn(buffer, start, end);
    if (line === undefined) return false;
    this.bounds.fill(-1);
    this.#used = 0;
    this.#request = false;
    this.#read(line, '', 1);
    return this.#request;
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

  #read(line: Line, prefix: string, depth: number): void {
    for (const name in line) {
      const path = prefix === '' ? name : `${prefix}.${name}`;
      const inner = line[name];
      const value = Array.isArray(inner) ? (inner[0] as unknown) : inner;
      if (typeof value === 'object' && value !== null) {
        if (depth < maxDepth) this.#read(value as Line, path, depth + 1);
        continue;
      }
      const key = this.#meaning(path);
      if (key !== undefined) this.#take(key, value);
    }
  }

  #take({ slot, rank, scale }: JsonKey, value: unknown): void {
    const place = slots[slot];
    if (place === slots.request || place === slots.target) this.#request = true;
    if (value === undefined || value === null || value === '' || typeof value === 'boolean') return;
    const bound = 2 * place;
    if (this.bounds[bound] !== -1 && this.#ranks[place]! <= rank) return;
    const text = scale === undefined ? String(value) : String(Number(value) * scale);
    if (this.#used + 3 * text.length > scratchBytes) return;
    const stop = this.#used + this.bytes.write(text, this.#used);
    this.bounds[bound] = this.#used;
    this.bounds[bound + 1] = stop;
    this.#ranks[place] = rank;
    this.#used = stop;
  }

  #meaning(path: string): JsonKey | undefined {
    const known = this.#known.get(path);
    if (known !== undefined || this.#known.has(path)) return known;
    const key = this.#keyOf(path);
    if (this.#known.size < maxKeys) this.#known.set(path, key);
    return key;
  }
}

type Line = Readonly<Record<string, unknown>>;

function objectIn(buffer: Buffer, start: number, end: number): Line | undefined {
  const value =
    parsed(buffer.toString('utf8', start, end)) ?? parsed(repairedJson(buffer.toString('latin1', start, end)));
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Line) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
