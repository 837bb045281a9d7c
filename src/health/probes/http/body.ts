import { TextDecoder } from 'node:util';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';

/** How much of a body is examined, as it was before it was compressed. */
export const maxExaminedBytes = 1024 * 1024;
/** A body that cannot be compressed grows a little by it. */
export const maxReceivedBytes = maxExaminedBytes + 64 * 1024;
const maxEncodings = 3;

/** The beginning of a body, or why it cannot be read. */
export type ExaminedBody = { readonly text: string; readonly whole: boolean } | { readonly reason: string };

/** Keeps what is needed of a body as it arrives. */
export class ReceivedBody {
  /** Bytes that arrived. */
  bytes = 0;
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;

  add(chunk: Buffer): void {
    this.bytes += chunk.length;
    const room = maxReceivedBytes - this.#keptBytes;
    if (room <= 0) return;
    this.#kept.push(chunk.subarray(0, room));
    this.#keptBytes += Math.min(chunk.length, room);
  }

  /**
   * Unpacked and decoded: servers compress and choose a charset whatever they are asked for.
   * @param encoding the header content-encoding
   * @param type the header content-type
   */
  async examine(encoding = '', type = ''): Promise<ExaminedBody> {
    const encodings = encoding
      .toLowerCase()
      .split(',')
      .map(name => name.trim())
      .filter(name => name !== '' && name !== 'identity');
    if (encodings.length > maxEncodings) return { reason: 'body is encoded too often to be read' };
    let content: Buffer = Buffer.concat(this.#kept);
    let whole = this.#keptBytes === this.bytes;
    for (const name of encodings.reverse()) {
      if (content.length === 0) break;
      const unpack = unpackers[name];
      if (unpack === undefined) return { reason: `body is encoded as ${name.slice(0, 40)}, which cannot be read` };
      const unpacked = await unpackBeginning(unpack(content), content, whole);
      if (unpacked === undefined)
        return { reason: `body cannot be unpacked as ${name}, as the answer says it is encoded` };
      content = unpacked.content;
      whole = unpacked.whole;
    }
    whole &&= content.length <= maxExaminedBytes;
    return { text: decoded(content.subarray(0, maxExaminedBytes), type), whole };
  }
}

type Unpacker = ReturnType<typeof createGunzip>;

const unpackers: Readonly<Record<string, (content: Buffer) => Unpacker>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  // Some servers leave out the zlib header, whose first byte ends in the method 8.
  deflate: content => ((content[0] ?? 0) % 16 === 8 ? createInflate() : createInflateRaw()),
  br: () => createBrotliDecompress(),
};

/** Stops once there is enough, whatever a small body would grow to. Undefined when it is not encoded so, or cut off. */
function unpackBeginning(
  unpacker: Unpacker,
  content: Buffer,
  whole: boolean,
): Promise<{ readonly content: Buffer; readonly whole: boolean } | undefined> {
  return new Promise(resolve => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const end = (complete: boolean): void => {
      unpacker.destroy();
      resolve({ content: Buffer.concat(chunks), whole: complete });
    };
    unpacker.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > maxReceivedBytes) end(false);
    });
    unpacker.on('end', () => end(whole));
    // A body whose rest was not kept breaks off here; what there is of it counts.
    unpacker.on('error', () => (whole || bytes === 0 ? resolve(undefined) : end(false)));
    unpacker.end(content);
  });
}

/** A byte order mark decides, then the charset of the answer; UTF-8 otherwise. The mark itself is left out. */
function decoded(content: Buffer, type: string): string {
  const [, charset = 'utf-8'] = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(type) ?? [];
  return decoder(markedCharset(content) ?? charset).decode(content);
}

function markedCharset(content: Buffer): string | undefined {
  const start = content.subarray(0, 3).toString('hex');
  if (start === 'efbbbf') return 'utf-8';
  if (start.startsWith('fffe')) return 'utf-16le';
  return start.startsWith('feff') ? 'utf-16be' : undefined;
}

function decoder(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset);
  } catch {
    return new TextDecoder();
  }
}
