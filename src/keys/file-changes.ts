import { sameGrant } from './entries.js';
import type { KeyEntry } from './keys.js';

/** Names are listed up to this number. */
const maxNamed = 20;

/** What a file of keys says otherwise than before, in words without a key: `new: portal; out: ann, ben`. */
export function changesIn(before: readonly KeyEntry[], now: readonly KeyEntry[], wrong: boolean): string {
  const [old, fresh] = [before, now].map(entries => new Map(entries.map(entry => [entry.name, entry])));
  const words = [
    named(
      'new',
      now.filter(({ name }) => !old!.has(name)),
    ),
    named(
      'changed',
      now.filter(entry => old!.has(entry.name) && !sameGrant(entry, old!.get(entry.name))),
    ),
    named(
      'out',
      before.filter(({ name }) => !fresh!.has(name)),
    ),
    ...(wrong ? ['the file is wrong'] : []),
  ];
  return words.filter(one => one !== '').join('; ') || 'the same keys';
}

function named(word: string, entries: readonly KeyEntry[]): string {
  if (entries.length === 0) return '';
  const names = entries.slice(0, maxNamed).map(({ name }) => name);
  const more = entries.length - names.length;
  return `${word}: ${names.join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}
