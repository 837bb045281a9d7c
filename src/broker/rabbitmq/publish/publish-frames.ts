import type { EncodedMessage } from './outgoing-message.js';

/** Types of AMQP's frames, and what ends each of them. */
const methodFrame = 1;
const headerFrame = 2;
const bodyFrame = 3;
const frameEnd = 0xce;
/** Bytes of a frame beside what it carries. */
const frameOverhead = 8;

const basicClass = 60;
const publishMethod = 40;
const mandatoryBit = 1;

/** The properties that a message of ours may have: their bits, in the order in which they are sent. */
const bits = {
  contentType: 1 << 15,
  contentEncoding: 1 << 14,
  headers: 1 << 13,
  deliveryMode: 1 << 12,
  priority: 1 << 11,
  correlationId: 1 << 10,
  replyTo: 1 << 9,
  expiration: 1 << 8,
  messageId: 1 << 7,
  timestamp: 1 << 6,
} as const;

/** The buffer to begin with, and to go back to after something larger, bytes. */
const usualBytes = 128 * 1024;
/** A shorter text is written character by character, which takes less than a call into Node. */
const shortText = 64;
const maxShortString = 255;
/** 2^32 */
const word = 0x1_0000_0000;

/**
 * The frames of many `basic.publish` in one buffer, byte for byte as amqplib would write them. It makes some ten
 * objects a message, among them headers that are the prototype of others, for which V8 keeps tables of their own.
 */
export class PublishFrames {
  readonly #channel: number;
  readonly #frameMax: number;
  /** Bytes that a frame carries at most. */
  readonly #maxPayload: number;
  #buffer = Buffer.allocUnsafeSlow(usualBytes);
  #end = 0;

  /** @param frameMax bytes of a frame at most, as it was agreed upon for the connection */
  constructor(channel: number, frameMax: number) {
    this.#channel = channel;
    this.#frameMax = frameMax;
    this.#maxPayload = frameMax - frameOverhead;
  }

  get length(): number {
    return this.#end;
  }

  /** @throws TypeError, RangeError when AMQP cannot carry it: nothing of it is kept */
  add(message: EncodedMessage): void {
    const before = this.#end;
    try {
      this.#method(message);
      if (typeof message.content === 'string' && message.content.length * 3 <= this.#maxPayload) {
        const bodyLength = this.#header(message);
        const body = this.#begin(bodyFrame);
        this.#text(message.content);
        this.#longLong(this.#finish(body), bodyLength);
        // A body without bytes has no frame.
        if (message.content === '') this.#end = body;
      } else this.#bytes(message);
    } catch (error) {
      this.#end = before;
      throw error;
    }
  }

  /** All frames since the last time. */
  take(): Buffer {
    const taken = Buffer.from(this.#buffer.subarray(0, this.#end));
    this.#end = 0;
    if (this.#buffer.length > usualBytes) this.#buffer = Buffer.allocUnsafeSlow(usualBytes);
    return taken;
  }

  #method({ exchange, routingKey }: EncodedMessage): void {
    const start = this.#begin(methodFrame);
    this.#short(basicClass);
    this.#short(publishMethod);
    this.#short(0);
    this.#shortString(exchange);
    this.#shortString(routingKey);
    this.#byte(mandatoryBit);
    this.#finish(start);
  }

  /**
   * Returns where the length of the body goes. Properties cannot be split: RabbitMQ closes the whole connection because
   * of a frame that is too large.
   */
  #header({ options }: EncodedMessage): number {
    const { contentType, contentEncoding, headers, deliveryMode, priority } = options;
    const { correlationId, replyTo, expiration, messageId, timestamp } = options;
    const start = this.#begin(headerFrame);
    this.#short(basicClass);
    this.#short(0);
    const bodyLength = this.#skip(8);
    const flagsAt = this.#skip(2);
    let flags = 0;
    if (contentType !== undefined) flags |= this.#shortString(contentType, bits.contentType);
    if (contentEncoding !== undefined) flags |= this.#shortString(contentEncoding, bits.contentEncoding);
    if (headers !== undefined) flags |= this.#table(headers, bits.headers);
    if (deliveryMode !== undefined) flags |= this.#byte(Number(deliveryMode), bits.deliveryMode);
    if (priority !== undefined) flags |= this.#byte(priority, bits.priority);
    if (correlationId !== undefined) flags |= this.#shortString(correlationId, bits.correlationId);
    if (replyTo !== undefined) flags |= this.#shortString(replyTo, bits.replyTo);
    if (expiration !== undefined) flags |= this.#shortString(String(expiration), bits.expiration);
    if (messageId !== undefined) flags |= this.#shortString(messageId, bits.messageId);
    if (timestamp !== undefined) flags |= this.#longLong(timestamp, this.#skip(8), bits.timestamp);
    this.#buffer[flagsAt] = flags >>> 8;
    this.#buffer[flagsAt + 1] = flags;
    if (this.#finish(start) > this.#maxPayload)
      throw new RangeError(`its headers do not fit into a frame of ${this.#frameMax} bytes`);
    return bodyLength;
  }

  /** A body of bytes, or one that may need more than one frame. */
  #bytes(message: EncodedMessage): void {
    const { content } = message;
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    this.#longLong(bytes.length, this.#header(message));
    for (let from = 0; from < bytes.length; from += this.#maxPayload) {
      const part = bytes.subarray(from, from + this.#maxPayload);
      const start = this.#begin(bodyFrame);
      const at = this.#skip(part.length);
      part.copy(this.#buffer, at);
      this.#finish(start);
    }
  }

  #begin(type: number): number {
    const start = this.#skip(7);
    this.#buffer[start] = type;
    this.#buffer[start + 1] = this.#channel >>> 8;
    this.#buffer[start + 2] = this.#channel;
    return start;
  }

  /** Returns the bytes that the frame carries. */
  #finish(start: number): number {
    const size = this.#end - start - 7;
    this.#buffer.writeUInt32BE(size, start + 3);
    this.#byte(frameEnd);
    return size;
  }

  #table(table: Readonly<Record<string, unknown>>, bit: number): number {
    const start = this.#skip(4);
    for (const name in table) {
      const value = table[name];
      if (value === undefined) continue;
      this.#shortString(name);
      this.#value(value);
    }
    this.#buffer.writeUInt32BE(this.#end - start - 4, start);
    return bit;
  }

  #value(value: unknown): void {
    if (typeof value === 'string') {
      this.#byte(0x53);
      const at = this.#skip(4);
      this.#text(value);
      this.#buffer.writeUInt32BE(this.#end - at - 4, at);
    } else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'boolean') {
      this.#byte(0x74);
      this.#byte(value ? 1 : 0);
    } else throw new TypeError(`a header is a text, a number or a boolean, not ${typeof value}`);
  }

  /** In the smallest type that holds it, as amqplib has it. */
  #number(value: number): void {
    if (!Number.isInteger(value) || value >= 2 ** 63) {
      this.#byte(0x64);
      const at = this.#skip(8);
      this.#buffer.writeDoubleBE(value, at);
    } else if (value >= -0x80 && value < 0x80) {
      this.#byte(0x62);
      this.#byte(value);
    } else if (value >= -0x8000 && value < 0x8000) {
      this.#byte(0x73);
      this.#short(value);
    } else if (value >= -0x8000_0000 && value < 0x8000_0000) {
      this.#byte(0x49);
      const at = this.#skip(4);
      this.#buffer.writeInt32BE(value, at);
    } else {
      this.#byte(0x6c);
      const at = this.#skip(8);
      if (value < 0) this.#buffer.writeBigInt64BE(BigInt(value), at);
      else this.#longLong(value, at);
    }
  }

  #shortString(text: string, bit = 0): number {
    const at = this.#skip(1);
    const length = this.#text(text);
    if (length > maxShortString) throw new RangeError(`${text.slice(0, 32)}… has ${length} bytes`);
    this.#buffer[at] = length;
    return bit;
  }

  /** Returns its bytes. */
  #text(text: string): number {
    const start = this.#end;
    this.#reserve(text.length * 3);
    const buffer = this.#buffer;
    let index = text.length <= shortText ? 0 : -1;
    for (; index >= 0 && index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) break;
      buffer[start + index] = code;
    }
    const length = index === text.length ? index : buffer.write(text, start);
    this.#end += length;
    return length;
  }

  #longLong(value: number, at: number, bit = 0): number {
    this.#buffer.writeUInt32BE(Math.floor(value / word), at);
    this.#buffer.writeUInt32BE(value % word, at + 4);
    return bit;
  }

  #short(value: number): void {
    const at = this.#skip(2);
    this.#buffer[at] = value >>> 8;
    this.#buffer[at + 1] = value;
  }

  #byte(value: number, bit = 0): number {
    const at = this.#skip(1);
    this.#buffer[at] = value;
    return bit;
  }

  /** Returns where these bytes begin, which the caller writes: into the buffer as it is from then on. */
  #skip(bytes: number): number {
    this.#reserve(bytes);
    const at = this.#end;
    this.#end += bytes;
    return at;
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#end);
    this.#buffer = larger;
  }
}
