import { isUtf8 } from 'node:buffer';

/** A line of text, or why it is none. */
export type TextLine = { readonly number: number } & ({ readonly text: string } | { readonly flaw: string });

const newline = 0x0a;
/** Bytes. The API takes no larger body. */
const maxLineBytes = 1024 * 1024;

/** Lines of bytes, without those that are empty. One that is too long is passed over without being kept. */
export async function* textLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<TextLine> {
  const parts: Buffer[] = [];
  let length = 0;
  let number = 0;
  const take = (end: Buffer): TextLine | undefined => {
    number += 1;
    const tooLong = length + end.length > maxLineBytes;
    const bytes = tooLong ? undefined : Buffer.concat([...parts, end]);
    parts.length = 0;
    length = 0;
    if (bytes === undefined) return { number, flaw: 'a line is longer than 1 MiB' };
    if (!isUtf8(bytes)) return { number, flaw: 'a line is not UTF-8' };
    const text = bytes
      .toString('utf8')
      .replace(/^\ufeff/, '')
      .trim();
    return text === '' ? undefined : { number, text };
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      const line = take(chunk.subarray(start, end));
      start = end + 1;
      if (line !== undefined) yield line;
    }
    length += chunk.length - start;
    if (length > maxLineBytes) parts.length = 0;
    else if (start < chunk.length) parts.push(chunk.subarray(start));
  }
  const last = length === 0 ? undefined : take(Buffer.alloc(0));
  if (last !== undefined) yield last;
}
