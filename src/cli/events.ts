import { isUtf8 } from 'node:buffer';
import { accessSync, constants, createReadStream, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { describe } from '../errors.js';
import { itemTexts, withMember } from '../events/json-text.js';
import { type Invocation, UsageError } from './command.js';

/** The most that one request carries; the API takes twice as many events. */
export const requestLimits = { count: 500, bytes: 1024 * 1024 };

export type Fields = Readonly<Record<string, unknown>>;

/** An event as the text of one line, without white space around it. */
export interface Line {
  readonly text: string;
  readonly fields: Fields;
}

/** An event given as an argument, or the text of a file or of standard input, and how it is called. */
export async function textOperand(
  command: string,
  { operands, terminal }: Pick<Invocation, 'operands' | 'terminal'>,
): Promise<{ text: string; name: string }> {
  const [operand, ...more] = operands;
  if (more.length > 0)
    throw new UsageError(`${command} takes one event or one file; put the event in quotes for the shell`);
  if (operand === undefined && terminal.inputIsTerminal) {
    throw new UsageError(`${command} needs an event, a file, or events on standard input`);
  }
  if (operand === undefined || operand === '-')
    return { text: await readAll(terminal.input, 'standard input'), name: 'standard input' };
  if (/^\s*[{[]/.test(operand)) return { text: operand, name: 'the event' };
  return { text: await readAll(openFile(operand), operand), name: operand };
}

export type Chunks = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array>;

const unreadable: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'this user is not allowed to read it',
  EISDIR: 'it is a folder',
};

/** Bytes. @throws Error that says why the file cannot be read */
export function fileSize(path: string): number {
  try {
    accessSync(path, constants.R_OK);
    const status = statSync(path);
    if (status.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    return status.size;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new Error(`cannot read ${path}: ${unreadable[code] ?? describe(error)}`);
  }
}

/** `.gz` is unpacked. @throws as `fileSize` does */
export function openFile(path: string): Readable {
  fileSize(path);
  const file = createReadStream(path);
  if (!path.endsWith('.gz')) return file;
  const unpacked = createGunzip();
  file.on('error', error => unpacked.destroy(error));
  return file.pipe(unpacked);
}

/** @throws Error that names the line that is not UTF-8 or not a JSON object */
export async function* readLines(chunks: Chunks, name: string): AsyncGenerator<Line> {
  let number = 0;
  for await (const text of splitLines(chunks, name)) {
    number += 1;
    if (text.trim() === '') continue;
    const where = `${name}, line ${number},`;
    yield { text: text.trim(), fields: object(parse(text, where), where) };
  }
}

/**
 * The events of one JSON text (an object or a list), or of lines of JSON when it is not JSON as
 * a whole; their texts as they stand.
 */
export function eventsOf(text: string, name: string): Line[] {
  let whole: unknown;
  try {
    whole = JSON.parse(text);
  } catch {
    const lines = text.split('\n').filter(line => line.trim() !== '');
    const first = lines.length < 2 ? name : `${name}, line`;
    return lines.map((line, index) => {
      const where = lines.length < 2 ? first : `${first} ${index + 1},`;
      return { text: line.trim(), fields: object(parse(line, where), where) };
    });
  }
  if (!Array.isArray(whole)) return [{ text: oneLine(text), fields: object(whole, name) }];
  const texts = itemTexts(text);
  return whole.map((item, index) => ({
    text: oneLine(texts[index] as string),
    fields: object(item, `${name}, item ${index + 1},`),
  }));
}

/** In JSON, line breaks stand between tokens only. */
function oneLine(text: string): string {
  return text.trim().replace(/[\r\n]+/g, ' ');
}

/** With an id, so that it is the same event when it has to be sent again: its own, or one that is made. */
export function withId({ text, fields }: Line, id: (text: string) => string): string {
  return fields.id === undefined ? withMember(text, 'id', JSON.stringify(id(text))) : text;
}

/**
 * Splits bytes rather than text, so that what is not UTF-8 can be found by its line. @throws Error that names the line
 */
async function* splitLines(chunks: Chunks, name: string): AsyncGenerator<string> {
  const rest: Buffer[] = [];
  let number = 0;
  const next = (): string => {
    number += 1;
    return decode(Buffer.concat(rest.splice(0)), `${name}, line ${number},`);
  };
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk);
    let start = 0;
    for (let end = bytes.indexOf(lineFeed); end !== -1; end = bytes.indexOf(lineFeed, start)) {
      rest.push(bytes.subarray(start, end));
      start = end + 1;
      yield next();
    }
    if (start < bytes.length) rest.push(bytes.subarray(start));
  }
  if (rest.length > 0) yield next();
}

const lineFeed = 0x0a;

/** @throws Error that names the line that is not UTF-8 */
export async function readAll(chunks: Chunks, name: string): Promise<string> {
  const read: Buffer[] = [];
  for await (const chunk of chunks) read.push(Buffer.from(chunk));
  const bytes = Buffer.concat(read);
  if (!isUtf8(bytes)) for await (const _line of splitLines([bytes], name));
  return decode(bytes, name);
}

/** What was sent in another encoding would arrive with U+FFFD for its letters. */
function decode(bytes: Uint8Array, where: string): string {
  if (!isUtf8(bytes)) throw new Error(`${where} is not UTF-8`);
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${where} is not JSON: ${(error as Error).message}`);
  }
}

function object(value: unknown, where: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new Error(`${where} is not a JSON object`);
}
