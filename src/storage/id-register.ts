import { IdConflictError } from '../errors.js';
import { stampedAgain } from '../events/accept.js';
import type { GivenId, Message } from '../events/message.js';
import type { Calls } from './calls.js';
import type { GivenIdColumns } from './given-ids.js';

/** Ids in one write, off the path of requests. */
const groupIds = 5_000;

type Claim = Message & { readonly given: GivenId };

/**
 * Knows the ids that clients gave, for a day or the newest million: the same id with the same text is the same event again, with the `created`
 * that it had; with another text it is a conflict. Events without an id of their own pass by and cost nothing here.
 *
 * new → in flight (published; whoever sends the same id meanwhile waits) → kept. A publish that fails leaves nothing.
 *
 * The embedded broker keeps new ids in the commit that accepts their events. On RabbitMQ they are kept in groups after the confirm: a kill
 * loses the last ones, and then the sinks decide, as they do for ids that another daemon accepted.
 */
export class IdRegister {
  readonly #storage: Pick<Calls, 'write'>;
  readonly #inFlight = new Map<string, Promise<void>>();
  /** Accepted and not yet in the file. */
  readonly #unwritten = new Map<string, GivenId>();
  #writing: Promise<void> | undefined;

  constructor(storage: Pick<Calls, 'write'>) {
    this.#storage = storage;
  }

  /**
   * Publishes, as soon as it is known which of the messages are repeats.
   * @throws IdConflictError, and as `publish` does
   */
  async publish<Durability extends string>(
    messages: readonly Message[],
    publish: (messages: readonly Message[]) => Promise<Durability>,
  ): Promise<Durability> {
    const claims = messages.filter((message): message is Claim => message.given !== undefined);
    if (claims.length === 0) return publish(messages);
    const release = await this.#claim(claims);
    try {
      const known = await this.#known(claims);
      const conflicts = claims.filter(({ id, given }) => (known.get(id)?.hash ?? given.hash) !== given.hash);
      if (conflicts.length > 0) throw new IdConflictError(conflicts.map(({ id }) => id));
      const durability = await publish(messages.map(message => repeated(message, known.get(message.id))));
      if (durability !== 'embedded') this.#keep(claims.filter(({ id }) => !known.has(id)));
      return durability;
    } finally {
      release();
    }
  }

  /** Resolves when every accepted id is in the file, or could not be written. */
  async written(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  /** All of them at once, or none while one is in flight: so two requests never wait for each other. */
  async #claim(claims: readonly Claim[]): Promise<() => void> {
    for (;;) {
      const others = claims.flatMap(({ id }) => this.#inFlight.get(id) ?? []);
      if (others.length === 0) break;
      await Promise.all(others);
    }
    let settled = (): void => {};
    const settling = new Promise<void>(resolve => {
      settled = resolve;
    });
    for (const { id } of claims) this.#inFlight.set(id, settling);
    return () => {
      for (const { id } of claims) this.#inFlight.delete(id);
      settled();
    };
  }

  async #known(claims: readonly Claim[]): Promise<ReadonlyMap<string, GivenId>> {
    const rows = await this.#storage.write('findGivenIds', { ids: claims.map(({ id }) => id) });
    const known = new Map<string, GivenId>(
      rows.map(([id, hash, stamp]) => [id, stamp === null ? { hash } : { hash, stamped: stamp }]),
    );
    for (const { id } of claims) {
      const given = this.#unwritten.get(id);
      if (given !== undefined) known.set(id, given);
    }
    return known;
  }

  #keep(claims: readonly Claim[]): void {
    for (const { id, given } of claims) this.#unwritten.set(id, given);
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** A disk that is full, or a storage that is closed, costs the knowledge of these ids and nothing else. */
  async #write(): Promise<void> {
    while (this.#unwritten.size > 0) {
      const group = [...this.#unwritten].slice(0, groupIds);
      await this.#storage.write('keepGivenIds', columns(group)).catch(() => undefined);
      for (const [id, given] of group) if (this.#unwritten.get(id) === given) this.#unwritten.delete(id);
    }
  }
}

function repeated(message: Message, known: GivenId | undefined): Message {
  if (message.given === undefined || known === undefined) return message;
  const { given: _kept, ...rest } = known.stamped === undefined ? message : stampedAgain(message, known.stamped);
  return rest;
}

function columns(group: readonly (readonly [id: string, given: GivenId])[]): GivenIdColumns {
  return {
    ids: group.map(([id]) => id),
    hashes: group.map(([, { hash }]) => hash),
    stamps: group.map(([, { stamped }]) => stamped ?? null),
  };
}

/** The new ids among messages, for the commit that accepts them; undefined when there are none. */
export function givenIdsOf(messages: readonly Message[]): GivenIdColumns | undefined {
  const group = messages.flatMap(({ id, given }) => (given === undefined ? [] : [[id, given] as const]));
  return group.length === 0 ? undefined : columns(group);
}
