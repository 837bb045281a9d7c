import { BSON } from 'mongodb';

type Document = BSON.Document;

export interface WriteFault {
  readonly code: number;
  readonly errmsg: string;
  readonly errInfo?: Document;
}

interface Index {
  readonly name: string;
  readonly key: Document;
  readonly unique?: boolean;
  expireAfterSeconds?: number;
}

const maxBytes = 16 * 1024 * 1024;

/** One collection in memory, with unique indexes. */
export class StoredCollection {
  readonly indexes: Index[] = [{ name: '_id_', key: { _id: 1 }, unique: true }];
  #documents: Document[] = [];
  readonly #keys = new Map<string, Set<string>>();
  readonly #namespace: string;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  insert(document: Document, bytes: number): WriteFault | undefined {
    if (bytes > maxBytes) return { code: 10334, errmsg: `BSONObj size: ${bytes} is invalid` };
    if (Array.isArray(document._id)) return { code: 53, errmsg: "The '_id' value cannot be of type array" };
    for (const index of this.indexes.filter(({ unique }) => unique)) {
      if (!this.#taken(index).has(keyOf(index, document))) continue;
      const value = BSON.EJSON.stringify(Object.keys(index.key).map(path => document[path]));
      const errmsg = `E11000 duplicate key error collection: ${this.#namespace} index: ${index.name} dup key: ${value}`;
      return { code: 11_000, errmsg };
    }
    this.#documents.push(document);
    for (const index of this.indexes) if (index.unique) this.#taken(index).add(keyOf(index, document));
    return undefined;
  }

  find(filter: Document): Document[] {
    return this.#documents.filter(document => matches(document, filter));
  }

  remove(filter: Document): number {
    const before = this.#documents.length;
    this.#documents = this.#documents.filter(document => !matches(document, filter));
    this.#keys.clear();
    return before - this.#documents.length;
  }

  addIndex(index: Index): void {
    if (!this.indexes.some(({ name }) => name === index.name)) this.indexes.push(index);
  }

  /** Keys in use, made from the documents when first asked. */
  #taken(index: Index): Set<string> {
    let keys = this.#keys.get(index.name);
    if (keys === undefined) {
      keys = new Set(this.#documents.map(document => keyOf(index, document)));
      this.#keys.set(index.name, keys);
    }
    return keys;
  }
}

function keyOf(index: Index, document: Document): string {
  return BSON.EJSON.stringify(Object.keys(index.key).map(path => document[path] ?? null));
}

/** Equality, `$in`, `$gte` and `$lt` on top-level fields: what the tests ask. */
function matches(document: Document, filter: Document): boolean {
  return Object.entries(filter).every(([path, wanted]) => {
    const value = document[path];
    if (wanted === null || typeof wanted !== 'object' || wanted instanceof Date) return equal(value, wanted);
    return Object.entries(wanted as Document).every(([operator, operand]) => {
      if (operator === '$in') return (operand as unknown[]).some(candidate => equal(value, candidate));
      if (operator === '$gte') return value >= operand;
      if (operator === '$lt') return value < operand;
      throw new Error(`the stand-in has no ${operator}`);
    });
  });
}

function equal(a: unknown, b: unknown): boolean {
  return BSON.EJSON.stringify([a ?? null]) === BSON.EJSON.stringify([b ?? null]);
}
