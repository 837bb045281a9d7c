import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { isEventId } from '../events/identity.js';
import { memberTexts, withMembers } from '../events/json-text.js';
import { parseTimestamp } from '../events/timestamp.js';
import { InputFile, isGzip, truncation } from './input-file.js';
import type { BadItem, Item, PastEvent, PastSource } from './item.js';
import { type TextLine, textLines } from './lines.js';

export interface NdjsonOptions {
  readonly files: readonly string[];
  /** The id of a line that has none of its own: the same whenever the same files are read. */
  readonly idOf: (text: string) => string;
  /** What the API adds to a stored event (`_source`, `_received`) stays. */
  readonly asStored?: boolean;
}

const batch = 500;
/** What `GET /v1/events` says beside the event. */
const added = ['_source', '_received'];

/** Events as lines of JSON, file after file. */
export class NdjsonSource implements PastSource {
  readonly total: number;
  readonly #options: NdjsonOptions;
  #before = 0;
  #file: InputFile | undefined;

  constructor(options: NdjsonOptions) {
    this.#options = options;
    this.total = options.files.reduce((sum, file) => sum + statSync(file).size, 0);
  }

  get done(): number {
    return this.#before + (this.#file?.read ?? 0);
  }

  async *items(): AsyncGenerator<readonly Item[]> {
    for (const path of this.#options.files) {
      const file = new InputFile(path);
      this.#file = file;
      let items: Item[] = [];
      try {
        for await (const line of textLines(file.chunks())) {
          if (items.push(this.#itemOf(line, basename(path))) < batch) continue;
          yield items;
          items = [];
        }
      } catch (error) {
        if (!(await isGzip(path))) throw error;
        items.push({ reason: truncation(error), where: basename(path) });
      }
      yield items;
      this.#file = undefined;
      this.#before += file.read;
    }
  }

  #itemOf(line: TextLine, file: string): Item {
    const where = `${file}, line ${line.number}`;
    if ('flaw' in line) return { reason: line.flaw, where };
    const { text } = line;
    let fields: unknown;
    try {
      fields = JSON.parse(text);
    } catch {
      return { reason: 'a line is not JSON', where };
    }
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
      return { reason: 'a line is not a JSON object', where };
    return this.#eventOf(text, fields as Readonly<Record<string, unknown>>, where);
  }

  #eventOf(text: string, fields: Readonly<Record<string, unknown>>, where: string): PastEvent | BadItem {
    const { id } = fields;
    if (id !== undefined && !isEventId(id))
      return { reason: 'an id is not 1 to 128 printable ASCII characters', where };
    return {
      id: id ?? this.#options.idOf(text),
      text: this.#options.asStored ? text : withoutAdded(text, fields),
      created: parseTimestamp(fields.created),
    };
  }
}

/** Without what the daemon says beside an event. */
export function withoutAdded(text: string, fields: Readonly<Record<string, unknown>>): string {
  if (!added.some(name => Object.hasOwn(fields, name))) return text;
  const members = memberTexts(text);
  for (const name of added) members.delete(name);
  return withMembers('{}', [...members]);
}
