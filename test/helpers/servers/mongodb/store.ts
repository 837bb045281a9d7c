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
  readonly #byKey = new Map<string, Map<string, Document>>();
  readonly #namespace: string;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  insert(document: Document, bytes: number): WriteFault | undefined {
    if (bytes > maxBytes) return { code: 10334, errmsg: `BSONObj size: ${bytes} is invalid` };
    if (Array.isArray(document._id)) return { code: 53, errmsg: "The '_id' value cannot be of type array" };
    for (const index of this.indexes.filter(({ unique }) => unique)) {
      if (!this.#keysOf(index).has(keyOf(index, document))) continue;
      const value = BSON.EJSON.stringify(Object.keys(index.key).map(path => document[path]));
      const errmsg = `E11000 duplicate key error collection: ${this.#namespace} index: ${index.name} dup key: ${value}`;
      return { code: 11_000, errmsg };
    }
    this.#documents.push(document);
    for (const index of this.indexes) if (index.unique) this.#keysOf(index).set(keyOf(index, document), document);
    return undefined;
  }

  /** By a unique index where there is one: a daemon that was killed asks for thousands of ids at once. */
  find(filter: Document): Document[] {
    const matches = matcherOf(filter);
    return (this.#listed(filter) ?? this.#documents).filter(matches);
  }

  remove(filter: Document): number {
    const before = this.#documents.length;
    const matches = matcherOf(filter);
    this.#documents = this.#documents.filter(document => !matches(document));
    this.#byKey.clear();
    return before - this.#documents.length;
  }

  addIndex(index: Index): void {
    if (!this.indexes.some(({ name }) => name === index.name)) this.indexes.push(index);
  }

  /** The documents that a list of values names, in that order; undefined = no unique index has this field. */
  #listed(filter: Document): Document[] | undefined {
    for (const index of this.indexes) {
      const [path, ...others] = Object.keys(index.key);
      const wanted = path === undefined || others.length > 0 ? undefined : filter[path]?.$in;
      if (!index.unique || !Array.isArray(wanted)) continue;
      const keys = new Set(wanted.map(value => keyOf(index, { [path as string]: value })));
      const known = this.#keysOf(index);
      return [...keys].flatMap(key => known.get(key) ?? []);
    }
    return undefined;
  }

  /** Documents by the keys in use, made when first asked. */
  #keysOf(index: Index): Map<string, Document> {
    let keys = this.#byKey.get(index.name);
    if (keys === undefined) {
      keys = new Map(this.#documents.map(document => [keyOf(index, document), document]));
      this.#byKey.set(index.name, keys);
    }
    return keys;
  }
}

function keyOf(index: Index, document: Document): string {
  return BSON.EJSON.stringify(Object.keys(index.key).map(path => document[path] ?? null));
}

/** Equality, `$in`, `$gte` and `$lt` on top-level fields: what the tests ask. */
function matcherOf(filter: Document): (document: Document) => boolean {
  const tests = Object.entries(filter).flatMap(([path, wanted]) => {
    if (wanted === null || typeof wanted !== 'object' || wanted instanceof Date) return [isOneOf(path, [wanted])];
    return Object.entries(wanted as Document).map(([operator, operand]) => {
      if (operator === '$in') return isOneOf(path, operand as unknown[]);
      if (operator === '$gte') return (document: Document) => document[path] >= operand;
      if (operator === '$lt') return (document: Document) => document[path] < operand;
      throw new Error(`the stand-in has no ${operator}`);
    });
  });
  return document => tests.every(test => test(document));
}

function isOneOf(path: string, wanted: readonly unknown[]): (document: Document) => boolean {
  const texts = new Set(wanted.map(textOf));
  return document => texts.has(textOf(document[path]));
}

function textOf(value: unknown): string {
  return BSON.EJSON.stringify([value ?? null]);
}
