import type { CategoryFilter } from '../events/filter.js';
import { endings, type Severity, type Signal, severities, typesOf } from './signal.js';

/**
 * - `always`: every event that matches
 * - `change`: whenever a state differs from the one before, both ways
 * - `failure`: only when it gets worse
 * - `resolved`: only when it is over
 */
export const occasions = ['always', 'change', 'failure', 'resolved'] as const;
export type Occasion = (typeof occasions)[number];

/** Who is notified of what, and when. */
export interface Rule {
  /** The same for a rule that says the same: what is open under it is kept by this. */
  readonly id: string;
  readonly filter: CategoryFilter;
  /** Patterns with `*` and `?`, one of which the name must match; none = any. */
  readonly services: readonly string[];
  /** At least so bad. */
  readonly severity: Severity;
  readonly when: Occasion;
  /** Only from this failure in a row on. */
  readonly afterCount: number;
  /** Only what has lasted this long, ms. */
  readonly afterMs: number;
  /** Reminds this often of what goes on, ms. */
  readonly againMs: number | undefined;
  /** Names of sinks. */
  readonly channels: readonly string[];
}

/** What has to be seen for the rules: what they are about, and what ends it, whether or not anybody hears of that. */
export function seenFor(rules: readonly Pick<Rule, 'filter'>[]): CategoryFilter {
  const isAny: CategoryFilter['matches'] = event => rules.some(({ filter }) => filter.matches(event));
  const ends = new Set(
    Object.entries(endings)
      .filter(([category]) => typesOf(category).some(type => isAny({ category, type })))
      .flatMap(([category, types]) => types.map(type => `${category}.${type}`)),
  );
  return { matches: event => isAny(event) || ends.has(`${event.category}.${event.type}`) };
}

/** Whether it is about this at all; how bad it is apart. */
export function isAbout({ filter, services }: Rule, { category, type, key, name }: Signal): boolean {
  if (!filter.matches({ category, type })) return false;
  const about = key.slice(key.indexOf(' ') + 1);
  return services.length === 0 || services.some(glob => matches(glob, name) || matches(glob, about));
}

export function isAtLeast(severity: Severity, wanted: Severity): boolean {
  return severities.indexOf(severity) >= severities.indexOf(wanted);
}

/**
 * `*` stands for any characters, `?` for one; capitals make no difference. Goes back to the last star alone, so that
 * no pattern takes longer than its length times that of the text.
 */
export function matches(glob: string, text: string): boolean {
  const [pattern, subject] = [glob.toLowerCase(), text.toLowerCase()];
  let [at, from, star, tried] = [0, 0, -1, 0];
  while (at < subject.length) {
    if (pattern[from] === '*') {
      star = from++;
      tried = at;
    } else if (pattern[from] === '?' || pattern[from] === subject[at]) {
      from += 1;
      at += 1;
    } else if (star >= 0) {
      from = star + 1;
      tried += 1;
      at = tried;
    } else return false;
  }
  while (pattern[from] === '*') from += 1;
  return from === pattern.length;
}
