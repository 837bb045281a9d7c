import type { MongoClient } from 'mongodb';
import { hashOf } from '../../events/identity.js';
import type { MongoAddress } from './address.js';
import { type Driver, Faults } from './fault.js';

export interface PastDocument {
  /** What its `_id` comes to: the `_id` itself where it is a text, the digits of an ObjectId, else a hash. */
  readonly id: string;
  /** When the `_id` was made, epoch ms, where it is an ObjectId. */
  readonly made: number | undefined;
  /** The other fields as JSON: times as epoch ms, ids as their digits, large numbers with all of theirs. */
  readonly text: string;
}

/** The documents of one collection, for reading. */
export interface Documents {
  /** About how many there are. */
  count(): Promise<number>;
  /** In the order of their ids, which for those that MongoDB makes is that of time. */
  all(): AsyncGenerator<PastDocument>;
  close(): Promise<void>;
}

const options = {
  appName: 'event-sink import',
  serverSelectionTimeoutMS: 5000,
  connectTimeoutMS: 10_000,
  maxPoolSize: 1,
  readPreference: 'secondaryPreferred',
  // Numbers that a double cannot hold keep their digits.
  useBigInt64: true,
} as const;
const batchSize = 500;

/** @throws TransientError, SetupError when the server cannot be reached or used */
export async function openDocuments(
  address: MongoAddress,
  where: { readonly database: string; readonly collection: string },
): Promise<Documents> {
  const driver = await import('mongodb');
  const faults = new Faults(driver, address.secrets);
  let client: MongoClient | undefined;
  try {
    client = new driver.MongoClient(address.uri, { ...options, ...address.bounded });
    await client.connect();
  } catch (error) {
    await client?.close();
    throw faults.of(error);
  }
  const collection = client.db(where.database).collection(where.collection);
  return {
    count: () => collection.estimatedDocumentCount().catch((error: unknown) => Promise.reject(faults.of(error))),
    async *all() {
      const cursor = collection.find({}, { sort: { _id: 1 }, batchSize });
      try {
        for await (const { _id, ...fields } of cursor) {
          const made = _id instanceof driver.ObjectId ? _id.getTimestamp().getTime() : undefined;
          yield { id: idOf(_id, driver), made, text: jsonOf(fields, driver) };
        }
      } catch (error) {
        throw faults.of(error);
      } finally {
        await cursor.close();
      }
    },
    close: () => client.close(),
  };
}

function idOf(id: unknown, driver: Driver): string {
  if (typeof id === 'string') return id;
  return id instanceof driver.ObjectId ? id.toHexString() : hashOf(jsonOf(id, driver));
}

/** What JSON has no word for is written as its text. */
function jsonOf(value: unknown, driver: Driver): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return JSON.stringify(Number.isFinite(value) ? value : String(value));
  if (value === undefined) return 'null';
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (value instanceof Date) return String(value.getTime());
  if (value instanceof driver.ObjectId) return JSON.stringify(value.toHexString());
  if (value instanceof driver.Decimal128) return decimal(value.toString());
  if (value instanceof driver.Binary) return JSON.stringify(value.toString('base64'));
  if (Array.isArray(value)) return `[${value.map(item => jsonOf(item, driver)).join(',')}]`;
  if ('_bsontype' in value || value instanceof RegExp) return JSON.stringify(String(value));
  const members = Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}:${jsonOf(inner, driver)}`);
  return `{${members.join(',')}}`;
}

/** NaN and the infinities are no numbers of JSON, nor is `1E+3` as some write it without digits before. */
function decimal(text: string): string {
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:E[+-]?\d+)?$/.test(text) ? text : JSON.stringify(text);
}
