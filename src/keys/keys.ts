import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

export const scopes = ['publish', 'read', 'admin'] as const;
export type Scope = (typeof scopes)[number];

/** What an API key may do; the key itself is not kept anywhere. */
export interface Key {
  readonly name: string;
  readonly scopes: readonly Scope[];
}

export interface KeyEntry extends Key {
  /** SHA-256 of the key. */
  readonly hash: Buffer;
}

export interface KeyRing {
  /** The key that was presented, or undefined when it is unknown; takes the same time either way. */
  find(presented: string): Key | undefined;
}

/** Every entry is compared, so that the time tells neither which one matched nor how much of it. */
export function findKey(entries: readonly KeyEntry[], presented: string): Key | undefined {
  const attempt = hashKey(presented);
  let found: Key | undefined;
  for (const entry of entries) if (timingSafeEqual(entry.hash, attempt)) found = entry;
  return found;
}

/** `es_` and 256 random bits in base64url. */
export function generateKey(): string {
  return `es_${randomBytes(32).toString('base64url')}`;
}

export function keyEntry(key: string, name: string, granted: readonly Scope[]): KeyEntry {
  return { name, scopes: granted, hash: hashKey(key) };
}

/** `name:scope+scope:sha256-hex` */
export function formatEntry(entry: KeyEntry): string {
  return `${entry.name}:${entry.scopes.join('+')}:${entry.hash.toString('hex')}`;
}

/**
 * Entries separated by commas or lines; `#` begins a comment. Problems name an entry by its number, never by its text,
 * which may be a key that somebody put there by mistake.
 */
export function parseEntries(text: string): { entries: readonly KeyEntry[]; problems: readonly string[] } {
  const entries: KeyEntry[] = [];
  const problems: string[] = [];
  const items = text
    .split('\n')
    .flatMap(line => line.replace(/#.*/, '').split(','))
    .map(item => item.trim())
    .filter(item => item !== '');
  for (const [index, item] of items.entries()) {
    const entry = parseEntry(item);
    const same = (other: KeyEntry): boolean =>
      typeof entry !== 'string' && (other.name === entry.name || other.hash.equals(entry.hash));
    if (typeof entry === 'string') problems.push(`entry ${index + 1} ${entry}`);
    else if (entries.some(same))
      problems.push(`entry ${index + 1} repeats the name or the key of another. Leave one out`);
    else entries.push(entry);
  }
  if (items.length === 0) problems.push('has no entry. Make one with event-sink keygen NAME');
  return { entries, problems };
}

/** The name of a key: 1 to 64 letters, digits, dots, dashes or underscores. */
export function isKeyName(name: string): boolean {
  return /^[\w.-]{1,64}$/.test(name);
}

/** `publish+read`; undefined when one of them is unknown. */
export function parseScopes(text: string): readonly Scope[] | undefined {
  const named = [...new Set(text.split('+').map(scope => scope.trim()))];
  const granted = scopes.filter(scope => named.includes(scope));
  return granted.length === named.length ? granted : undefined;
}

function parseEntry(item: string): KeyEntry | string {
  const [name = '', granted, hex, ...more] = item.split(':');
  if (granted === undefined && name.startsWith('es_')) {
    return 'is a key itself. Put its entry here, as event-sink keygen printed it beside the key';
  }
  if (granted === undefined || hex === undefined || more.length > 0) {
    return 'is not of the form name:scope+scope:sha256-hex. Make one with event-sink keygen NAME';
  }
  if (!isKeyName(name)) return 'has a name that is not 1 to 64 letters, digits, dots, dashes or underscores';
  const known = parseScopes(granted);
  if (known === undefined) return `has an unknown scope. Use ${scopes.join(', ')}, joined by +`;
  if (!/^[0-9a-f]{64}$/i.test(hex))
    return 'does not end with 64 hex digits, the SHA-256 of the key. Use event-sink keygen NAME';
  return { name, scopes: known, hash: Buffer.from(hex, 'hex') };
}

function hashKey(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}

/** Where the keys come from; neither = one is made at the first start. */
export interface KeySource {
  /** Entries, comma- or line-separated. */
  readonly entries: string | undefined;
  readonly file: string | undefined;
}
