import { latestMs, parseTimestamp } from '../events/timestamp.js';
import { isKeyName, type KeyEntry, type KeyLimits, misfit, parseScopes, scopes } from './keys.js';
import { parseOrigin } from './origin.js';

/** Highest quota, and highest concurrency. */
export const maxLimit = 1_000_000;

/** `name:scope+scope:sha256-hex`, and `:option;option` when it has limits. */
export function formatEntry({ name, scopes: granted, hash, ...limits }: KeyEntry): string {
  const options = [
    ...(limits.expires === undefined ? [] : [`expires=${new Date(limits.expires).toISOString()}`]),
    ...(limits.origins ?? []).map(origin => `origin=${origin}`),
    ...(limits.quota === undefined ? [] : [`quota=${limits.quota}`]),
    ...(limits.concurrency === undefined ? [] : [`concurrency=${limits.concurrency}`]),
  ];
  const entry = `${name}:${granted.join('+')}:${hash.toString('hex')}`;
  return options.length === 0 ? entry : `${entry}:${options.join(';')}`;
}

export interface Entries {
  readonly entries: readonly KeyEntry[];
  /** Ends of sentences that begin with where the entries stand. */
  readonly problems: readonly string[];
}

/**
 * Entries separated by commas or lines; `#` begins a comment. Problems name an entry by its number or its line, never
 * by its text, which may be a key that somebody put there by mistake.
 */
export function parseEntries(text: string, numbered: 'entry' | 'line' = 'entry'): Entries {
  const entries: KeyEntry[] = [];
  const problems: string[] = [];
  const items = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .flatMap((line, index) =>
      line
        .replace(/#.*/, '')
        .split(',')
        .map(item => ({ item: item.trim(), line: index + 1 })),
    )
    .filter(({ item }) => item !== '');
  for (const [index, { item, line }] of items.entries()) {
    const place = `${numbered} ${numbered === 'line' ? line : index + 1}`;
    const entry = parseEntry(item);
    const same = (other: KeyEntry): boolean =>
      typeof entry !== 'string' && (other.name === entry.name || other.hash.equals(entry.hash));
    if (typeof entry === 'string') problems.push(`${place} ${entry}`);
    else if (entries.some(same)) problems.push(`${place} repeats the name or the key of another. Leave one out`);
    else entries.push(entry);
  }
  if (items.length === 0) problems.push('has no entry. Make one with event-sink keygen NAME');
  return { entries, problems };
}

function parseEntry(item: string): KeyEntry | string {
  const [name = '', granted, hex, ...rest] = item.split(':');
  if (granted === undefined && name.startsWith('es_')) {
    return 'is a key itself. Put its entry here, as event-sink keygen printed it beside the key';
  }
  if (granted === undefined || hex === undefined) {
    return 'is not of the form name:scope+scope:sha256-hex. Make one with event-sink keygen NAME';
  }
  if (!isKeyName(name)) return 'has a name that is not 1 to 64 letters, digits, dots, dashes or underscores';
  const known = parseScopes(granted);
  if (known === undefined) return `has an unknown scope. Use ${scopes.join(', ')}, joined by +`;
  if (!/^[0-9a-f]{64}$/i.test(hex))
    return 'has no 64 hex digits, the SHA-256 of the key, as its third part. Use event-sink keygen NAME';
  // Times and origins have colons of their own.
  const limits = rest.length === 0 ? {} : parseOptions(rest.join(':'));
  if (typeof limits === 'string') return limits;
  const entry = { name, scopes: known, ...limits, hash: Buffer.from(hex, 'hex') };
  return misfit(entry) ?? entry;
}

/** `expires=2026-12-31;quota=60`; a text says what is wrong. */
function parseOptions(text: string): KeyLimits | string {
  const limits: { -readonly [K in keyof KeyLimits]: KeyLimits[K] } = {};
  for (const option of text.split(';').map(part => part.trim())) {
    const [name = '', value = ''] = option.split(/=(.*)/s);
    if (name === 'expires') {
      const at = parseExpiry(value);
      if (at === undefined) return 'has an expires that is not a date. Use expires=2026-12-31 or 2026-12-31T18:00:00Z';
      limits.expires = at;
    } else if (name === 'origin') {
      const origin = parseOrigin(value);
      if (origin === undefined) return 'has an origin that is not an origin. Use origin=https://portal.example.org';
      limits.origins = [...(limits.origins ?? []), origin];
    } else if (name === 'quota' || name === 'concurrency') {
      const limit = parseLimit(value);
      if (limit === undefined) return `has a ${name} that is not a whole number from 1 to ${maxLimit}`;
      limits[name] = limit;
    } else return 'has an unknown option. Use expires=, origin=, quota= and concurrency=, separated by ;';
  }
  return limits;
}

/** An ISO time with its zone, or a date: that whole day still counts, in UTC. Epoch ms. */
export function parseExpiry(text: string): number | undefined {
  if (/^\d{4}-\d\d-\d\d$/.test(text)) {
    const day = parseTimestamp(`${text}T00:00:00Z`);
    // The end of the last day that there is could not be written down.
    return day === undefined ? undefined : Math.min(day + 86_400_000, latestMs);
  }
  return /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text) ? parseTimestamp(text) : undefined;
}

/** 1 to a million. */
function parseLimit(text: string): number | undefined {
  const value = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  return value >= 1 && value <= maxLimit ? value : undefined;
}

/** Whether a key's grant is still the same one: the same key, with the same scopes and limits. */
export function sameGrant(one: KeyEntry, other: KeyEntry | undefined): boolean {
  return other !== undefined && formatEntry(one) === formatEntry(other);
}
