import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gunzip as gunzipCallback, type InputType, inflate as inflateCallback, type ZlibOptions } from 'node:zlib';
import { ClientGone, HttpProblem, unavailable } from './problem.js';

type Unpack = (input: InputType, options: ZlibOptions) => Promise<Buffer>;

const gunzip: Unpack = promisify(gunzipCallback);
const unpackers: Readonly<Record<string, Unpack>> = {
  gzip: gunzip,
  'x-gzip': gunzip,
  deflate: promisify(inflateCallback),
};

export interface BodyLimits {
  readonly maxBodyBytes: number;
  readonly bodyTimeoutMs: number;
}

/** Counts the bytes of all requests that have been received and are not answered yet. */
export class InFlight {
  readonly #cap: number;
  #bytes = 0;

  constructor(cap: number) {
    this.#cap = cap;
  }

  get bytes(): number {
    return this.#bytes;
  }

  reservation(): Reservation {
    return new Reservation(this);
  }

  /** @throws HttpProblem (503) */
  take(bytes: number): void {
    if (this.#bytes + bytes > this.#cap)
      throw unavailable('Too much is being received at once. Try again shortly.', 1000);
    this.#bytes += bytes;
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/** One request's share of what is in flight: taken as its bytes arrive, given back when it is answered. */
export class Reservation {
  readonly #inFlight: InFlight;
  #held = 0;

  constructor(inFlight: InFlight) {
    this.#inFlight = inFlight;
  }

  /** @throws HttpProblem (503) */
  grow(bytes: number): void {
    this.#inFlight.take(bytes);
    this.#held += bytes;
  }

  release(): void {
    this.#inFlight.giveBack(this.#held);
    this.#held = 0;
  }
}

/** A request whose client waits for "100 Continue" before it sends its body. */
export interface Incoming extends IncomingMessage {
  awaitsContinue?: boolean;
  /** It expects something else, which nobody here can do. */
  expectsOther?: boolean;
}

/**
 * The whole body as text, unpacked. Neither its packed nor its unpacked form is ever held beyond the limit.
 * @throws HttpProblem 400, 408, 413, 415, 503; ClientGone
 */
export async function readText(
  request: Incoming,
  response: ServerResponse,
  limits: BodyLimits,
  reservation: Reservation,
): Promise<string> {
  const unpack = unpackerOf(request);
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > limits.maxBodyBytes) throw tooLarge(limits.maxBodyBytes);
  if (request.awaitsContinue) {
    request.awaitsContinue = false;
    response.writeContinue();
  }
  // By then a small body, which comes together with its headers, is there as a whole.
  await undefined;
  const packed = received(request, declared, limits, reservation) ?? (await receive(request, limits, reservation));
  const bytes = unpack === undefined ? packed : await unpackWithin(unpack, packed, limits.maxBodyBytes);
  if (bytes !== packed) reservation.grow(bytes.length);
  if (bytes.length === 0) throw new HttpProblem('invalid-request', 'The request has no body.');
  if (!isUtf8(bytes)) throw new HttpProblem('invalid-request', 'The body is not UTF-8.');
  const text = bytes.toString('utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/**
 * Reads and discards the rest, so that the answer arrives and the connection can be
 * used again; past the limit it is cut.
 */
export function discardRest(request: IncomingMessage, limit: number): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > limit) request.destroy();
  });
  request.on('error', () => {});
}

function unpackerOf(request: IncomingMessage): Unpack | undefined {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return undefined;
  const unpack = Object.hasOwn(unpackers, encoding) ? unpackers[encoding] : undefined;
  if (unpack !== undefined) return unpack;
  throw new HttpProblem(
    'unsupported-media-type',
    'This content encoding is not supported: use gzip, deflate or none.',
    {
      headers: { 'Accept-Encoding': 'gzip, deflate, identity' },
    },
  );
}

/**
 * A body that has arrived to its end, without a listener or a timer for it; undefined where there is more to come. Node
 * hands a body over before it calls the request complete, so that it is known by its length. A request read this way
 * emits neither `end` nor `close` before its connection's next request or its close: nothing may wait for them.
 */
function received(
  request: Incoming,
  declared: number,
  limits: BodyLimits,
  reservation: Reservation,
): Buffer | undefined {
  const bytes = request.readableLength;
  const isWhole = request.complete || (bytes > 0 && bytes === declared);
  if (!isWhole || request.destroyed) return undefined;
  if (bytes > limits.maxBodyBytes) throw tooLarge(limits.maxBodyBytes);
  reservation.grow(bytes);
  return (request.read() as Buffer | null) ?? Buffer.alloc(0);
}

function receive(request: IncomingMessage, limits: BodyLimits, reservation: Reservation): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let settled = false;
    // The listeners stay: they leave with the request, and taking them off costs as much as the rest.
    const settle = (error?: Error): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      if (error === undefined) resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size));
      else reject(error);
    };
    const onData = (chunk: Buffer): void => {
      if (settled) return;
      size += chunk.length;
      if (size > limits.maxBodyBytes) return settle(tooLarge(limits.maxBodyBytes));
      try {
        reservation.grow(chunk.length);
      } catch (error) {
        return settle(error as Error);
      }
      chunks.push(chunk);
    };
    const onEnd = (): void => settle();
    const onGone = (): void => {
      if (!settled) settle(new ClientGone('the request ended before its body did'));
    };
    const timer = setTimeout(() => {
      const seconds = limits.bodyTimeoutMs / 1000;
      settle(
        new HttpProblem('request-timeout', `The body did not arrive within ${seconds} s.`, {
          headers: { Connection: 'close' },
        }),
      );
    }, limits.bodyTimeoutMs);
    if (request.destroyed) return onGone();
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}

/** Unpacking stops as soon as the output would pass the limit, however much more there is. */
async function unpackWithin(unpack: Unpack, packed: Buffer, limit: number): Promise<Buffer> {
  if (packed.length === 0) return packed;
  try {
    return await unpack(packed, { maxOutputLength: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limit);
    throw new HttpProblem('invalid-request', `The body cannot be unpacked: ${(error as Error).message}.`);
  }
}

function tooLarge(limit: number): HttpProblem {
  return new HttpProblem(
    'too-large',
    `A body may have at most ${limit} bytes, packed as well as unpacked. Send several requests.`,
  );
}
