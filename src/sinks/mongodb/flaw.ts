import type { StoredDocument } from './document.js';

declare global {
  interface String {
    // ECMAScript 2024; in Node since version 20.
    isWellFormed(): boolean;
    toWellFormed(): string;
  }
}

/** https://www.mongodb.com/docs/manual/reference/limits/: 16 MiB a document; the driver refuses that size itself. */
const maxBytes = 16 * 1024 * 1024;
/** Same page: levels of nesting, the document itself being the first. */
const maxLevels = 100;
const maxInt64 = 2n ** 63n - 1n;
const minInt64 = -(2n ** 63n);

interface Flaw {
  /** From the inside out. */
  readonly path: string[];
  readonly what: string;
}

/**
 * Why MongoDB could not keep this document as it is, in words; undefined when it can. Asked of every document before it
 * is sent, because the driver refuses a whole batch for one of these (size, NUL in a name, circles, `_bsontype`), or
 * stores something else without a word (an invalid date as 1970, a big integer cut to 64 bits). Half a surrogate pair
 * in a text becomes U+FFFD, as in every sink; in names it is refused, because two names could become one.
 *
 * @param measure exact size in BSON, bytes; called only for documents that might be too large
 */
export function flawOf(document: StoredDocument, measure: (document: StoredDocument) => number): string | undefined {
  const size = { atMost: 0 };
  const flaw = inspect(document, 1, size);
  if (flaw !== undefined) return `${flaw.path.reverse().join('.').slice(0, 200) || 'document'}: ${flaw.what}`;
  if (size.atMost < maxBytes) return undefined;
  const bytes = measure(document);
  return bytes < maxBytes ? undefined : `document of ${bytes} bytes; MongoDB takes less than ${maxBytes}`;
}

/** `size.atMost` grows by an upper bound: three bytes of UTF-8 a UTF-16 unit, 20 for type, length and end. */
function inspect(value: unknown, level: number, size: { atMost: number }): Flaw | undefined {
  size.atMost += 20;
  switch (typeof value) {
    case 'string':
      size.atMost += 3 * value.length;
      return undefined;
    case 'bigint':
      return value > maxInt64 || value < minInt64 ? flaw('integer beyond 64 bits') : undefined;
    case 'object':
      if (value === null) return undefined;
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? flaw('invalid date') : undefined;
      if (level > maxLevels) return flaw(`nested deeper than ${maxLevels} levels`);
      return Array.isArray(value)
        ? inspectArray(value, level, size)
        : inspectObject(value as Record<string, unknown>, level, size);
    default:
      return undefined;
  }
}

function inspectArray(values: readonly unknown[], level: number, size: { atMost: number }): Flaw | undefined {
  for (let index = 0; index < values.length; index++) {
    const found = inspect(values[index], level + 1, size);
    if (found !== undefined) return within(String(index), found);
  }
  return undefined;
}

function inspectObject(value: Record<string, unknown>, level: number, size: { atMost: number }): Flaw | undefined {
  for (const name of Object.keys(value)) {
    const field = value[name];
    size.atMost += 3 * name.length;
    if (name.includes('\0')) return within(name.replaceAll('\0', '\\0'), flaw('a NUL character in a field name'));
    if (!name.isWellFormed()) return within(name.toWellFormed(), flaw('half a surrogate pair in a field name'));
    if (name === '_bsontype' && field != null) return within(name, flaw('the driver keeps this field name for itself'));
    const found = inspect(field, level + 1, size);
    if (found !== undefined) return within(name, found);
  }
  return undefined;
}

function flaw(what: string): Flaw {
  return { path: [], what };
}

function within(name: string, inner: Flaw): Flaw {
  inner.path.push(name);
  return inner;
}
