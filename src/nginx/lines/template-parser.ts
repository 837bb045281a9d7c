import type { TemplateFormat } from './format.js';
import { JsonParser } from './json-parser.js';
import type { LineParser } from './line-parser.js';
import { TextParser } from './text-parser.js';

/**
 * Lines of a `log_format` that writes JSON. By its text every line is read that nginx writes with it, whether it is
 * JSON (a value that is not there, unquoted, is not); what does not fit the text, such as a line with its keys in
 * another order, is read as an object.
 */
export class TemplateParser implements LineParser {
  readonly #text: TextParser;
  readonly #json: JsonParser;
  #used: LineParser;

  constructor({ text, json }: TemplateFormat) {
    this.#text = new TextParser(text, true);
    this.#json = new JsonParser(json);
    this.#used = this.#text;
  }

  get bytes(): Buffer {
    return this.#used.bytes;
  }

  get bounds(): Int32Array {
    return this.#used.bounds;
  }

  parse(buffer: Buffer, start: number, end: number): boolean {
    this.#used = this.#text;
    if (this.#text.parse(buffer, start, end)) return true;
    this.#used = this.#json;
    return this.#json.parse(buffer, start, end);
  }

  text(slot: number): string | undefined {
    return this.#used.text(slot);
  }

  textOf(start: number, end: number): string {
    return this.#used.textOf(start, end);
  }
}
