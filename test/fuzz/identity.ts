import type { Random } from '../helpers/random.js';
import { demand } from './problem.js';
import type { Keys, RawRequest } from './requests.js';
import type { RawAnswer } from './wire.js';

/** What an item of a request claims to be: an id, or a place under a key, and its text. */
interface Claim {
  readonly identity: string;
  readonly text: string;
}

export interface IdentityRequest extends RawRequest {
  readonly claims: readonly Claim[];
  /** A key names one request, with all its items in their order. */
  readonly whole: Claim | undefined;
  /** Refused whatever was there before. */
  readonly flawed: boolean;
}

/** Few, so that they meet. */
const ids = 300;

/**
 * Requests with the same ids and keys again and again, with the same text or with another, from several connections at
 * once. One id stands for one text: whichever came first is accepted, also again, and the other one never.
 */
export class Identities {
  readonly #attempted = new Map<string, Set<string>>();
  readonly #requests = new Map<string, string>();
  readonly #accepted = new Map<string, { readonly text: string; readonly id: string }>();
  /** Answers of either kind. */
  repeated = 0;
  conflicts = 0;

  draw(random: Random, keys: Keys): IdentityRequest {
    const key = random.chance(0.4) ? this.#id(random) : undefined;
    const form = random.pick(['object', 'list', 'lines'] as const);
    const count = form === 'object' ? 1 : random.integer(1, 4);
    const single = key !== undefined && (form === 'object' || (form === 'lines' && count === 1));
    const differs = single && random.chance(0.1);
    const claims = Array.from({ length: count }, (_, index): Claim => {
      const own = differs ? `${key}-other` : key === undefined || random.chance(0.2) ? this.#id(random) : undefined;
      const text = item(random, single && !differs ? undefined : own);
      const identity = single ? key : (own ?? `${key} at ${index}`);
      return { identity, text };
    });
    const torn = random.chance(0.05);
    const texts = claims.map(({ text }) => text);
    const body = Buffer.from(
      form === 'object' ? texts[0]! : form === 'list' ? `[${texts.join(', ')}]` : texts.join('\n'),
    );
    // A byte that begins nothing in UTF-8.
    if (torn) body[body.indexOf('upload')] = random.pick([0x80, 0xc0, 0xff]);
    const head = [
      'POST /v1/events HTTP/1.1',
      'Host: 127.0.0.1',
      `X-API-Key: ${keys.all}`,
      `Content-Type: application/${form === 'lines' ? 'x-ndjson' : 'json'}`,
      `Content-Length: ${body.length}`,
      ...(key === undefined ? [] : [`Idempotency-Key: ${key}`]),
    ];
    const bytes = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
    const whole =
      key === undefined
        ? undefined
        : { identity: `request ${key}`, text: [single ? 'event' : 'list', ...texts].join('\n') };
    return { method: 'POST', target: '/v1/events', bytes, claims, whole, flawed: torn || differs };
  }

  /** Before it is sent: another connection may be answered first. */
  attempt(request: IdentityRequest): void {
    for (const { identity, text } of request.flawed ? [] : everyClaim(request)) {
      const texts = this.#attempted.get(identity) ?? new Set();
      this.#attempted.set(identity, texts.add(text));
    }
  }

  check(request: IdentityRequest, { status, body }: RawAnswer): void {
    const { claims, whole, flawed, bytes } = request;
    if (flawed) return demand(status === 400, `${status} to a body or a key that is wrong: ${body}`, bytes);
    if (status === 422) {
      this.conflicts += 1;
      const possible = everyClaim(request).some(({ identity }) => (this.#attempted.get(identity)?.size ?? 0) > 1);
      return demand(possible, `a conflict of nothing: ${body}`, bytes);
    }
    if (status !== 202) return demand(status === 503, `${status} to a good request: ${body}`, bytes);
    const receipt = JSON.parse(body) as { ids: string[]; accepted: number; duplicates: number };
    demand(receipt.accepted + receipt.duplicates === claims.length, `a receipt for others: ${body}`, bytes);
    if (whole !== undefined) {
      const before = this.#requests.get(whole.identity);
      demand(before === undefined || before === whole.text, `two requests under one key: ${before}`, bytes);
      this.#requests.set(whole.identity, whole.text);
    }
    for (const [index, { identity, text }] of claims.entries()) {
      const id = receipt.ids[index]!;
      const before = this.#accepted.get(identity);
      if (before !== undefined) this.repeated += 1;
      demand(before === undefined || before.text === text, `two texts under ${identity}: ${before?.text}`, bytes);
      demand(before === undefined || before.id === id, `two ids of ${identity}: ${before?.id} and ${id}`, bytes);
      demand(identity.includes(' at ') || id === identity, `the id is ${id}, not ${identity}`, bytes);
      this.#accepted.set(identity, { text, id });
    }
  }

  #id(random: Random): string {
    return `same-${random.integer(1, ids)}`;
  }
}

function everyClaim({ claims, whole }: IdentityRequest): readonly Claim[] {
  return whole === undefined ? claims : [...claims, whole];
}

/** One of a few texts; white space alone makes another. */
function item(random: Random, id: string | undefined): string {
  const created = random.chance(0.3) ? ',"created":1700000000000' : '';
  const space = random.chance(0.1) ? ' ' : '';
  const own = id === undefined ? '' : `"id":${space}"${id}",`;
  return `{${own}"category":"upload","v":${random.chance(0.9) ? 1 : 2}${created}}`;
}
