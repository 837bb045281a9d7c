import { BSON } from 'mongodb';

/**
 * MongoDB's wire protocol, the parts that a driver of today speaks: OP_MSG, and OP_QUERY for its first hello.
 * https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
 */
export interface Request {
  readonly id: number;
  readonly legacy: boolean;
  /** The sender does not wait for a reply (`w: 0`). */
  readonly silent: boolean;
  readonly command: BSON.Document;
  /** Bytes of each document of the command's document sequence (`documents` of an insert). */
  readonly sizes: readonly number[];
}

const opReply = 1;
const opQuery = 2004;
const opMessage = 2013;
const moreToCome = 2;

/** Cuts a stream of bytes into requests. */
export class RequestReader {
  #rest: Buffer = Buffer.alloc(0);

  *read(chunk: Buffer): Generator<Request> {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 16) {
      const length = this.#rest.readInt32LE(0);
      if (this.#rest.length < length) return;
      const message = this.#rest.subarray(0, length);
      this.#rest = this.#rest.subarray(length);
      yield decode(message);
    }
  }
}

function decode(message: Buffer): Request {
  const id = message.readInt32LE(4);
  const operation = message.readInt32LE(12);
  if (operation === opQuery) {
    const start = message.indexOf(0, 20) + 1 + 8;
    return { id, legacy: true, silent: false, command: BSON.deserialize(message.subarray(start)), sizes: [] };
  }
  if (operation !== opMessage) throw new Error(`operation ${operation} is not spoken here`);
  const silent = (message.readInt32LE(16) & moreToCome) !== 0;
  let command: BSON.Document = {};
  const sizes: number[] = [];
  for (let at = 20; at < message.length; ) {
    const kind = message.readUInt8(at);
    const length = message.readInt32LE(at + 1);
    const end = at + 1 + length;
    if (kind === 0) {
      command = { ...BSON.deserialize(message.subarray(at + 1, end)), ...command };
    } else {
      const nameEnd = message.indexOf(0, at + 5);
      const documents: BSON.Document[] = [];
      for (let next = nameEnd + 1; next < end; ) {
        const size = message.readInt32LE(next);
        documents.push(BSON.deserialize(message.subarray(next, next + size)));
        sizes.push(size);
        next += size;
      }
      command[message.toString('utf8', at + 5, nameEnd)] = documents;
    }
    at = end;
  }
  return { id, legacy: false, silent, command, sizes };
}

export function encodeReply(request: Request, reply: BSON.Document): Buffer {
  const body = BSON.serialize(reply);
  const head = Buffer.alloc(request.legacy ? 36 : 21);
  head.writeInt32LE(head.length + body.length, 0);
  head.writeInt32LE(request.id, 8);
  head.writeInt32LE(request.legacy ? opReply : opMessage, 12);
  if (request.legacy) head.writeInt32LE(1, 32);
  return Buffer.concat([head, body]);
}
