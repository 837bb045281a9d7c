import type { Collection, MongoClient, MongoClientOptions, WriteError } from 'mongodb';
import { TransientError } from '../../errors.js';
import type { Event } from '../../events/event.js';
import type { People } from '../../people/people.js';
import type { ErasedThere, Rejection, SinkSession, SinkTools, WriteResult } from '../sink.js';
import type { MongoAddress } from './address.js';
import { conflictsAmong } from './conflicts.js';
import type { StoredDocument } from './document.js';
import { type Driver, Faults } from './fault.js';
import { keepIndexes } from './indexes.js';
import { numberStore, type StoreNumber } from './numbers.js';
import { documentsAbout, eraseFrom } from './people.js';
import { checkPermission } from './permission.js';
import { documentOf } from './render.js';

export interface MongoConfig {
  readonly address: MongoAddress;
  readonly database: string;
  readonly collection: string;
  readonly ttlDays: number | undefined;
}

/** The driver waits for ever, or for 30 s, where nothing is said. The connection string may say something else. */
const defaults: MongoClientOptions = {
  appName: 'event-sink',
  serverSelectionTimeoutMS: 5000,
  connectTimeoutMS: 10_000,
  waitQueueTimeoutMS: 10_000,
};

/**
 * These win over the connection string: "stored" means on the disks of a majority, and
 * its wait ends before the socket's.
 */
const fixed: MongoClientOptions = {
  writeConcern: { w: 'majority', journal: true, wtimeoutMS: 20_000 },
  socketTimeoutMS: 30_000,
  maxPoolSize: 2,
  minPoolSize: 0,
  readPreference: 'primary',
  ignoreUndefined: false,
};

const duplicateKey = 11_000;
/** The index is named before any value of the document: anchored, so that no value can pass for it. */
const duplicateId = /^E11000 duplicate key error (?:collection|index): \S+ (?:index: )?(?:\S+\.\$)?_id_\s+dup key/;
const closeMs = 3000;

/** Connects, and begins to make the indexes without waiting for them. */
export async function openSession(config: MongoConfig, tools: SinkTools): Promise<SinkSession> {
  const session = await connect(config, tools);
  session.keepIndexes();
  return session;
}

/** Connects, and makes nothing. */
export async function connect(config: MongoConfig, tools: SinkTools): Promise<MongoSession> {
  const driver = await import('mongodb');
  const faults = new Faults(driver, config.address.secrets);
  let client: MongoClient;
  try {
    client = new driver.MongoClient(config.address.uri, optionsFor(config.address));
  } catch (error) {
    throw faults.setup('MONGODB_URI is not accepted', error);
  }
  const session = new MongoSession(driver, client, config, faults, tools);
  try {
    await client.connect();
  } catch (error) {
    await session.close();
    throw faults.of(error);
  }
  return session;
}

function optionsFor({ options, bounded }: MongoAddress): MongoClientOptions {
  return {
    ...Object.fromEntries(Object.entries(defaults).filter(([name]) => !options.has(name.toLowerCase()))),
    ...bounded,
    ...fixed,
  };
}

export class MongoSession implements SinkSession {
  readonly #driver: Driver;
  readonly #client: MongoClient;
  readonly #collection: Collection<StoredDocument>;
  readonly #config: MongoConfig;
  readonly #faults: Faults;
  readonly #tools: SinkTools;
  readonly #closing = new AbortController();
  #storeNumber: StoreNumber | undefined;

  constructor(driver: Driver, client: MongoClient, config: MongoConfig, faults: Faults, tools: SinkTools) {
    this.#driver = driver;
    this.#client = client;
    this.#collection = client.db(config.database).collection<StoredDocument>(config.collection);
    this.#config = config;
    this.#faults = faults;
    this.#tools = tools;
  }

  keepIndexes(): void {
    void keepIndexes(this.#collection, this.#config.ttlDays, this.#tools.log, this.#closing.signal);
  }

  async write(events: readonly Event[], signal: AbortSignal): Promise<WriteResult> {
    const storeNumber = events.some(({ exact }) => exact !== undefined) ? await this.#numbers(signal) : String;
    const rejected: Rejection[] = [];
    const documents: StoredDocument[] = [];
    /** The position in the batch of each document's event. */
    const positions: number[] = [];
    events.forEach((event, index) => {
      const made = documentOf(event, storeNumber, this.#driver);
      if ('refused' in made) rejected.push({ index, reason: made.refused });
      else positions[documents.push(made.document) - 1] = index;
    });
    if (documents.length === 0) return { rejected };
    const refused = await this.#guard(this.#insert(documents), signal);
    const stored = await this.#guard(this.#alreadyStored(documents, refused), signal);
    for (const error of refused) {
      if (!stored.has(error.index)) rejected.push({ index: positions[error.index]!, reason: reasonOf(error) });
    }
    const repeated = [...stored].map(index => {
      const position = positions[index]!;
      return { event: events[position]!, document: documents[index]!, position };
    });
    const conflicts = await this.#guard(conflictsAmong(this.#driver, this.#collection, repeated), signal);
    return { rejected, duplicates: stored.size, ...(conflicts.length === 0 ? {} : { conflicts }) };
  }

  /** The server is asked once in the life of a session, and only when such a number comes. */
  async #numbers(signal: AbortSignal): Promise<StoreNumber> {
    if (this.#storeNumber === undefined) {
      const build = await this.#guard(this.#collection.db.command({ buildInfo: 1 }), signal);
      this.#storeNumber = numberStore(this.#driver, !Object.hasOwn(build, 'ferretdbVersion'));
    }
    return this.#storeNumber;
  }

  async probe(signal: AbortSignal): Promise<void> {
    await this.#guard(this.#collection.db.command({ ping: 1 }), signal);
    await this.#guard(checkPermission(this.#collection), signal);
  }

  /** Goes through the whole collection. */
  erase(people: People, signal: AbortSignal): Promise<ErasedThere> {
    return this.#guard(eraseFrom(this.#collection, people, signal), signal);
  }

  async *documentsAbout(people: People, signal: AbortSignal): AsyncGenerator<StoredDocument> {
    try {
      for await (const { document } of documentsAbout(this.#collection, people, signal)) yield document;
    } catch (error) {
      throw this.#faults.of(error);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const done = new AbortController();
    const closed = this.#client.close().catch(() => undefined);
    // A server that hangs would keep the driver waiting for the end of the connection.
    await Promise.race([closed.finally(() => done.abort()), this.#tools.clock.sleep(closeMs, done.signal)]);
  }

  /**
   * The documents that the server refused, each for a reason of its own.
   * Throws unless all others are on the disks of a majority.
   */
  async #insert(documents: StoredDocument[]): Promise<readonly WriteError[]> {
    try {
      await this.#collection.insertMany(documents, { ordered: false });
      return [];
    } catch (error) {
      if (!(error instanceof this.#driver.MongoBulkWriteError)) throw error;
      const unconfirmed = error.result?.getWriteConcernError();
      if (unconfirmed !== undefined) {
        throw new TransientError(`MongoDB: stored, but not confirmed: ${unconfirmed.errmsg ?? 'write concern error'}`);
      }
      // Without this list the command failed as a whole, and the result, if any, is about a part of it only.
      if (!Array.isArray(error.errorResponse?.writeErrors)) throw error;
      const refused = error.result.getWriteErrors();
      for (const { code, errmsg } of refused) this.#faults.raise(code, errmsg);
      return refused;
    }
  }

  /** Indexes of the refused documents that are in the collection already: an earlier delivery of the same event. */
  async #alreadyStored(documents: readonly StoredDocument[], refused: readonly WriteError[]): Promise<Set<number>> {
    const stored = new Set<number>();
    const doubtful: number[] = [];
    for (const { code, errmsg, index } of refused) {
      if (code !== duplicateKey) continue;
      if (duplicateId.test(errmsg ?? '')) stored.add(index);
      else doubtful.push(index);
    }
    if (doubtful.length === 0) return stored;
    // Another unique index, or a server that does not name the index: only a query shows
    // whether the event itself is there.
    const ids = doubtful.map(index => documents[index]!._id);
    const found = await this.#collection
      .find({ _id: { $in: ids } })
      .project<{ _id: string }>({ _id: 1 })
      .toArray();
    const present = new Set(found.map(({ _id }) => _id));
    for (const index of doubtful) if (present.has(documents[index]!._id)) stored.add(index);
    return stored;
  }

  /**
   * The work's outcome, its errors sorted into faults; gives up when the signal aborts
   * (the work itself ends with `close`).
   */
  async #guard<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    let giveUp: () => void = () => undefined;
    const aborted = new Promise<never>((_, reject) => {
      giveUp = () => reject(new TransientError('MongoDB: given up before the server answered'));
      if (signal.aborted) giveUp();
      else signal.addEventListener('abort', giveUp, { once: true });
    });
    try {
      return await Promise.race([work, aborted]);
    } catch (error) {
      throw this.#faults.of(error);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }
}

/** In the server's words; what a validator found is in `errInfo`. */
function reasonOf({ errmsg, errInfo, code }: WriteError): string {
  const details = errInfo === undefined ? '' : ` ${JSON.stringify(errInfo)}`;
  return `${errmsg ?? `error code ${code}`}${details}`.slice(0, 500);
}
