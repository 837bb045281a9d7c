import { FullError, IdConflictError } from '../errors.js';
import { stampedAgain } from '../events/accept.js';
import type { GivenId, Message } from '../events/message.js';
import type { Calls } from './calls.js';
import type { GivenIdColumns, GivenIdRow } from './given-ids.js';

/** An id, or an Idempotency-Key, and what must be the same whenever it comes again. */
type Claim = readonly [name: string, given: GivenId];

export interface IdRegisterOptions {
  readonly storage: Pick<Calls, 'write'>;
  /**
   * before: new ids are in the file before their events are published.
   * with: the broker keeps them itself, in the commit that accepts their events.
   */
  readonly keeps: 'before' | 'with';
  /** Somebody has sent an id, or a key, again with something else. */
  readonly onConflict?: (names: readonly string[]) => void;
}

/**
 * Knows the ids and keys that clients gave, for a day or the newest million: the same id with the same text is the same
 * event again, with the `created` that it had; with another text it is a conflict. Events without an id of their own
 * pass by and cost nothing here.
 *
 * new → in flight (being published; whoever sends the same id meanwhile waits) → known.
 *
 * RabbitMQ may have an event although its confirm never came: the connection broke, or this daemon was killed. So an id
 * is known there before its event is published, and stays known when that fails: whoever sends the event again gets the
 * time that the first one may already carry. A disk that is full costs this knowledge, not the event.
 */
export class IdRegister {
  readonly #options: IdRegisterOptions;
  readonly #inFlight = new Map<string, Promise<void>>();

  constructor(options: IdRegisterOptions) {
    this.#options = options;
  }

  /**
   * Publishes, as soon as it is known which of the messages are repeats.
   * @throws IdConflictError, and as `publish` does
   */
  publish<Result>(
    messages: readonly Message[],
    publish: (messages: readonly Message[]) => Promise<Result>,
  ): Promise<Result> {
    return messages.some(hasClaim) ? this.#publishOnce(messages, publish) : publish(messages);
  }

  async #publishOnce<Result>(
    messages: readonly Message[],
    publish: (messages: readonly Message[]) => Promise<Result>,
  ): Promise<Result> {
    const claims = messages.flatMap(claimsOf);
    const release = await this.#claim(claims);
    try {
      const known = await this.#known(claims);
      const conflicts = messages.filter(({ id, given }) => given !== undefined && differs(known, [id, given]));
      const request = messages.find(message => requestClaims(message).some(claim => differs(known, claim)))?.request;
      if (conflicts.length > 0 || request !== undefined) {
        const ids = conflicts.map(({ id }) => id);
        this.#options.onConflict?.(ids.length > 0 || request === undefined ? ids : [request.key]);
        throw new IdConflictError(ids, request?.key);
      }
      return await publish(messages.map(message => repeated(message, known)));
    } finally {
      release();
    }
  }

  /** All of them at once, or none while one is in flight: so two requests never wait for each other. */
  async #claim(claims: readonly Claim[]): Promise<() => void> {
    for (;;) {
      const others = claims.flatMap(([name]) => this.#inFlight.get(name) ?? []);
      if (others.length === 0) break;
      await Promise.all(others);
    }
    let settled = (): void => {};
    const settling = new Promise<void>(resolve => {
      settled = resolve;
    });
    for (const [name] of claims) this.#inFlight.set(name, settling);
    return () => {
      for (const [name] of claims) this.#inFlight.delete(name);
      settled();
    };
  }

  async #known(claims: readonly Claim[]): Promise<ReadonlyMap<string, GivenId>> {
    const rows = await this.#ask(columns(claims));
    return new Map(rows.map(([name, hash, stamp]) => [name, stamp === null ? { hash } : { hash, stamped: stamp }]));
  }

  async #ask(claimed: GivenIdColumns): Promise<readonly GivenIdRow[]> {
    const { storage, keeps } = this.#options;
    if (keeps === 'with') return storage.write('findGivenIds', claimed);
    try {
      return await storage.write('claimGivenIds', claimed);
    } catch (error) {
      if (error instanceof FullError) return storage.write('findGivenIds', claimed);
      throw error;
    }
  }
}

function hasClaim({ given, request }: Message): boolean {
  return given !== undefined || request !== undefined;
}

function claimsOf(message: Message): Claim[] {
  const { id, given } = message;
  return given === undefined ? requestClaims(message) : [[id, given], ...requestClaims(message)];
}

/** A line break is in no id, so the name of a key is never that of an event. */
function requestClaims({ request }: Message): Claim[] {
  return request === undefined ? [] : [[`key\n${request.key}`, { hash: request.hash }]];
}

function differs(known: ReadonlyMap<string, GivenId>, [name, { hash }]: Claim): boolean {
  return (known.get(name)?.hash ?? hash) !== hash;
}

/** As it was when it first came, and without what is known already. */
function repeated(message: Message, known: ReadonlyMap<string, GivenId>): Message {
  const first = known.get(message.id);
  const isKnownRequest = requestClaims(message).some(([name]) => known.has(name));
  if ((message.given === undefined || first === undefined) && !isKnownRequest) return message;
  const { given, request, ...rest } = first?.stamped === undefined ? message : stampedAgain(message, first.stamped);
  return {
    ...rest,
    ...(given === undefined || first !== undefined ? {} : { given }),
    ...(request === undefined || isKnownRequest ? {} : { request }),
  };
}

function columns(claims: readonly Claim[]): GivenIdColumns {
  return {
    ids: claims.map(([name]) => name),
    hashes: claims.map(([, { hash }]) => hash),
    stamps: claims.map(([, { stamped }]) => stamped ?? null),
  };
}

/** The new ids and keys among messages, for the commit that accepts them; undefined when there are none. */
export function givenIdsOf(messages: readonly Message[]): GivenIdColumns | undefined {
  return messages.some(hasClaim) ? columns(messages.flatMap(claimsOf)) : undefined;
}
