import { AwsV4Signer } from 'aws4fetch';
import type { Clock } from '../../clock.js';
import { SetupError, TransientError } from '../../errors.js';
import type { Outgoing } from '../../outgoing.js';
import { trimEnd } from '../../trim-end.js';
import { httpFault, summary } from '../http/faults.js';
import { requestBytes } from '../http/request.js';
import { sha256Of } from './files.js';
import { type ArchiveStore, requireSame, type StoredFile } from './store.js';

export interface S3Address {
  readonly bucket: string;
  /** Without slashes around it; empty = none. */
  readonly prefix: string;
  /** Undefined: Amazon's. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly keyId: string;
  readonly secret: string;
}

interface S3Request {
  readonly method?: 'GET' | 'PUT' | 'DELETE';
  /** Within the bucket; empty = the bucket itself. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

interface S3Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  readonly text: string;
}

const timeoutMs = 60_000;
/**
 * A twin never writes over what is there:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
const unlessThere = { 'if-none-match': '*' };
/** A file of the archive and more; an answer that is longer is not whole. */
const maxAnswerBytes = 256 * 1024 * 1024;
/** An answer is shown to people up to here, bytes. */
const shownBytes = 4_096;

/** An archive in a bucket of Amazon S3, or of a server that speaks its protocol. */
export class S3Store implements ArchiveStore {
  readonly place: string;
  readonly #address: S3Address;
  readonly #outgoing: Outgoing;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #base: string;

  constructor(address: S3Address, outgoing: Outgoing, clock: Pick<Clock, 'now'>) {
    this.#address = address;
    this.#outgoing = outgoing;
    this.#clock = clock;
    const { bucket, prefix, endpoint, region } = address;
    this.place = `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`;
    // Certificates of Amazon's hold for one label in front of the host.
    const amazons = bucket.includes('.')
      ? `https://s3.${region}.amazonaws.com/${bucket}`
      : `https://${bucket}.s3.${region}.amazonaws.com`;
    this.#base = endpoint === undefined ? amazons : `${trimEnd(endpoint, '/')}/${bucket}`;
  }

  async list(prefix: string, signal?: AbortSignal): Promise<readonly StoredFile[]> {
    const files: StoredFile[] = [];
    for (let next: string | undefined = ''; next !== undefined; ) {
      const query: Record<string, string> = { 'list-type': '2', prefix: this.#key(prefix) };
      if (next !== '') query['continuation-token'] = next;
      const answer = await this.#ask({ query, signal });
      if (answer.status !== 200) throw this.#fault(answer);
      // A page of a proxy, or an answer that was cut off, would look like an empty archive.
      if (!answer.text.includes('</ListBucketResult>'))
        throw new TransientError(`${this.#summary(answer)}: this is no list of files`);
      for (const entry of answer.text.split('<Contents>').slice(1)) {
        const name = this.#name(textOf(entry, 'Key') ?? '');
        if (name !== undefined) files.push({ name, bytes: Number(textOf(entry, 'Size') ?? 0) });
      }
      const isCut = textOf(answer.text, 'IsTruncated') === 'true';
      next = isCut ? textOf(answer.text, 'NextContinuationToken') : undefined;
      if (isCut && (next ?? '') === '')
        throw new TransientError(`${this.place}: the list of files goes on, and the server does not say where`);
    }
    return files.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async read(name: string, signal?: AbortSignal): Promise<Buffer | undefined> {
    const answer = await this.#ask({ key: this.#key(name), signal });
    if (answer.status === 404 && answer.text.includes('NoSuchKey')) return undefined;
    if (answer.status !== 200) throw this.#fault(answer);
    return answer.body;
  }

  async put(name: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    const request = { method: 'PUT', key: this.#key(name), body: bytes, signal } as const;
    let answer = await this.#ask({ ...request, headers: unlessThere });
    if (answer.status === 412) return requireSame(this.place, name, bytes, await this.read(name, signal));
    if (answer.status === 409) throw new TransientError(this.#summary(answer));
    // A server that does not know the condition: the name is made of the bytes.
    if (answer.status === 501) answer = await this.#ask(request);
    if (answer.status !== 200) throw this.#fault(answer);
  }

  async create(name: string, bytes: Uint8Array, signal?: AbortSignal): Promise<boolean> {
    // Not every server follows the condition, or knows it.
    if ((await this.list(name, signal)).some(file => file.name === name)) return false;
    const request = { method: 'PUT', key: this.#key(name), body: bytes, signal } as const;
    const answer = await this.#ask({ ...request, headers: unlessThere });
    if (answer.status === 412) return false;
    if (answer.status === 409) throw new TransientError(this.#summary(answer));
    if (answer.status === 501) {
      await this.put(name, bytes, signal);
      return true;
    }
    if (answer.status !== 200) throw this.#fault(answer);
    return true;
  }

  async remove(name: string, signal?: AbortSignal): Promise<void> {
    const answer = await this.#ask({ method: 'DELETE', key: this.#key(name), signal });
    if (answer.status !== 204 && answer.status !== 200 && answer.status !== 404) throw this.#fault(answer);
  }

  async probe(signal: AbortSignal): Promise<void> {
    const query = { 'list-type': '2', prefix: this.#key('manifests/'), 'max-keys': '1' };
    const answer = await this.#ask({ query, signal });
    if (answer.status !== 200) throw this.#fault(answer);
  }

  #key(name: string): string {
    return this.#address.prefix === '' ? name : `${this.#address.prefix}/${name}`;
  }

  #name(key: string): string | undefined {
    const { prefix } = this.#address;
    if (prefix === '') return key;
    return key.startsWith(`${prefix}/`) ? key.slice(prefix.length + 1) : undefined;
  }

  async #ask({ method = 'GET', key = '', query = {}, body, headers = {}, signal }: S3Request): Promise<S3Answer> {
    const { keyId, secret, region } = this.#address;
    const url = new URL(key === '' ? this.#base : `${this.#base}/${key}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const datetime = new Date(this.#clock.now()).toISOString().replace(/[:-]|\.\d{3}/g, '');
    const signer = new AwsV4Signer({
      ...{ method, url: url.href, service: 's3', region, accessKeyId: keyId, secretAccessKey: secret, datetime },
      // With the hash of the body, a server refuses what was changed on its way.
      headers: { ...headers, 'x-amz-content-sha256': sha256Of(body ?? '') },
    });
    const signed = await signer.sign();
    const answer = await requestBytes({
      ...{ url: signed.url, method, timeoutMs, maxResponseBytes: maxAnswerBytes, outgoing: this.#outgoing },
      headers: Object.fromEntries(new Headers(signed.headers)),
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
    const isXml = key === '' || answer.status !== 200;
    return { ...answer, text: isXml ? answer.body.toString('utf8') : '' };
  }

  #fault(answer: S3Answer): Error {
    const { keyId, secret } = this.#address;
    const settings = { credentials: 'ARCHIVE_ACCESS_KEY_ID, ARCHIVE_SECRET_ACCESS_KEY', address: 'ARCHIVE_URL' };
    const context = { name: 'the S3 server', secrets: [keyId, secret], settings, now: this.#clock.now() };
    const shown = { ...answer, text: answer.text.slice(0, shownBytes) };
    if (answer.status === 403 && answer.text.includes('RequestTimeTooSkewed'))
      return new SetupError(`${summary(shown, context)}: set the clock of this machine`);
    return httpFault(shown, context) ?? new SetupError(`${this.#summary(answer)}: check ARCHIVE_URL, ARCHIVE_REGION`);
  }

  #summary(answer: S3Answer): string {
    const { keyId, secret } = this.#address;
    const text = answer.text.slice(0, shownBytes);
    return summary({ ...answer, text }, { name: 'the S3 server', secrets: [keyId, secret] });
  }
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The text of the first element of this name. */
function textOf(xml: string, element: string): string | undefined {
  const begin = xml.indexOf(`<${element}>`) + element.length + 2;
  const end = xml.indexOf(`</${element}>`, begin);
  if (begin < element.length + 2 || end < 0) return undefined;
  return xml.slice(begin, end).replace(/&(#x?[0-9a-fA-F]+|[a-z]+);/g, (whole, name: string) => {
    if (name.startsWith('#x')) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
    if (name.startsWith('#')) return String.fromCodePoint(Number(name.slice(1)));
    return entities[name] ?? whole;
  });
}
