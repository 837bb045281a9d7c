import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * `collect` stands alone: such a key lies open in the pages of an origin, and may do nothing but send events from
 * there.
 */
export const scopes = ['publish', 'read', 'admin', 'collect'] as const;
export type Scope = (typeof scopes)[number];

/** Scopes of the key that is made at the first start. */
export const allScopes: readonly Scope[] = ['publish', 'read', 'admin'];

/** What an API key may do, and until when; the key itself is not kept anywhere. */
export interface Key {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** It ends at this time, epoch ms. */
  readonly expires?: number;
  /** A browser may use it on pages of these origins only. */
  readonly origins?: readonly string[];
  /** Requests a minute. */
  readonly quota?: number;
  /** Requests at the same time. */
  readonly concurrency?: number;
}

export interface KeyEntry extends Key {
  /** SHA-256 of the key. */
  readonly hash: Buffer;
}

/** A key cannot be made or revoked here; the message says why, and what to do. */
export class KeyConflictError extends Error {
  override name = 'KeyConflictError';
}

/** The settings, the file of keys, the first start, or `POST /v1/keys`. */
export type KeyOrigin = 'settings' | 'file' | 'first-start' | 'made';

/** How a key ends that was not made here. */
export const whereToRevoke: Readonly<Record<Exclude<KeyOrigin, 'made'>, string>> = {
  settings: 'take it out of API_KEYS: in the file of settings, or in the environment, and restart the daemon',
  file: 'take it out of API_KEYS_FILE, and it is out within two seconds',
  'first-start': 'configure API_KEYS or API_KEYS_FILE, and it is not used any more',
};

/** Every entry is compared, so that the time tells neither which one matched nor how much of it. */
export function findKey<Entry extends KeyEntry>(entries: Iterable<Entry>, presented: string): Entry | undefined {
  const attempt = hashKey(presented);
  let found: Entry | undefined;
  for (const entry of entries) if (timingSafeEqual(entry.hash, attempt)) found = entry;
  return found;
}

/** `es_` and 256 random bits in base64url. */
export function generateKey(): string {
  return `es_${randomBytes(32).toString('base64url')}`;
}

export function keyEntry(key: string, name: string, granted: readonly Scope[], limits: KeyLimits = {}): KeyEntry {
  return { name, scopes: granted, ...limits, hash: hashKey(key) };
}

export type KeyLimits = Omit<Key, 'name' | 'scopes'>;

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

/** What is wrong with scopes and limits together, as the end of a sentence. */
export function misfit({ scopes: granted, origins }: Pick<Key, 'scopes' | 'origins'>): string | undefined {
  if (!granted.includes('collect')) return undefined;
  if (granted.length > 1) return 'has collect beside other scopes. Such a key is public: give it collect alone';
  if (origins === undefined) return 'has the scope collect and no origin. Add origin=https://…, the page it is for';
  return undefined;
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
