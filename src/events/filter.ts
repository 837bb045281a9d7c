import type { Event } from './event.js';

/** Which events a sink takes. */
export interface CategoryFilter {
  matches(event: Pick<Event, 'category' | 'type'>): boolean;
}

export type ParsedFilter = { readonly filter: CategoryFilter } | { readonly problem: string };

/**
 * Reads `upload,download.file,!view_resource`: entries by comma, each a category or `category.type`; `!` excludes;
 * `all` is everything. Only excludes = everything but those. The more precise entry wins: `!download,download.file`
 * leaves out all downloads but those of files.
 * @param unlessNamed categories that are left out unless an entry names them, or a type of theirs
 */
export function parseFilter(text: string, unlessNamed: readonly string[] = []): ParsedFilter {
  const wanted = new Set<string>();
  const excluded = new Set<string>();
  const entries = text
    .split(',')
    .map(entry => entry.trim())
    .filter(entry => entry !== '');
  if (entries.length === 0) return { problem: 'names no category; write `all` for everything' };
  for (const entry of entries) {
    const name = entry.startsWith('!') ? entry.slice(1).trim() : entry;
    const problem = problemOf(entry, name);
    if (problem !== undefined) return { problem };
    (entry.startsWith('!') ? excluded : wanted).add(name);
  }
  for (const name of wanted) if (excluded.has(name)) return { problem: `both wants and excludes '${name}'` };
  for (const category of unlessNamed) if (!wanted.has(category)) excluded.add(category);
  return { filter: filterOf(wanted, excluded) };
}

/** What the filter takes of these categories alone; undefined = of all. */
export function within(categories: readonly string[] | undefined, filter: CategoryFilter): CategoryFilter {
  if (categories === undefined) return filter;
  const only = new Set(categories);
  return { matches: event => only.has(event.category) && filter.matches(event) };
}

function problemOf(entry: string, name: string): string | undefined {
  if (name === '' || name.startsWith('.') || name.endsWith('.')) {
    return `'${entry}' is neither a category nor category.type`;
  }
  if (name.includes('*') || name.includes('!')) {
    return `'${entry}' is not a category: write a category for all its types, or \`all\` for everything`;
  }
  if (entry === '!all') return '`!all` leaves nothing; to switch a sink off, remove its settings';
  return undefined;
}

function filterOf(wanted: ReadonlySet<string>, excluded: ReadonlySet<string>): CategoryFilter {
  const everything = wanted.size === 0 || wanted.has('all');
  if (everything && excluded.size === 0) return { matches: () => true };
  return {
    matches({ category, type }) {
      if (type !== undefined) {
        const precise = `${category}.${type}`;
        if (excluded.has(precise)) return false;
        if (wanted.has(precise)) return true;
      }
      if (excluded.has(category)) return false;
      return everything || wanted.has(category);
    },
  };
}
