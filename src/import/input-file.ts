import { createReadStream, type ReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { describe } from '../errors.js';

const gzipMagic = Buffer.from([0x1f, 0x8b]);

/** Whether a file is compressed, by its first bytes: names lie. @throws as `open` does */
export async function isGzip(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer.equals(gzipMagic);
  } finally {
    await file.close();
  }
}

/** Why an archive ended before its end. */
export function truncation(error: unknown): string {
  return `the archive is damaged or was cut off, and what stands behind that place was not read (${describe(error)})`;
}

/** A file's bytes, unpacked. `read` says how many bytes of the file itself were read. */
export class InputFile {
  read = 0;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws what reading or unpacking throws, behind what could be read */
  async *chunks(): AsyncGenerator<Buffer> {
    const packed = await isGzip(this.#path);
    const file = createReadStream(this.#path);
    try {
      if (packed) yield* this.#unpacked(file);
      else
        for await (const chunk of file) {
          this.read += chunk.length;
          yield chunk;
        }
    } finally {
      file.destroy();
    }
  }

  async *#unpacked(file: ReadStream): AsyncGenerator<Buffer> {
    const unpacked = createGunzip();
    file.on('data', chunk => {
      this.read += chunk.length;
    });
    file.on('error', error => unpacked.destroy(error));
    yield* file.pipe(unpacked);
  }
}
