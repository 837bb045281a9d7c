/**
 * An event's name for a chart, in words: those of its category, then those of its type. A category's last word
 * `resource`, `activity` or `status` only holds the place of the type and gives way to it: view_resource + dataset =
 * view dataset, user_activity + login = user login. A category without a type stays as it is, but an `upload` without a
 * type is the upload of a file. Unknown categories follow the same rule.
 */
export function words(category: string, type: string | undefined): string[] {
  const first = split(category);
  const then = split(type ?? (category === 'upload' ? 'file' : ''));
  const last = first.at(-1);
  if (then.length > 0 && first.length > 1 && last !== undefined && placeholders.has(last)) first.pop();
  const all = then.join(' ') === first.join(' ') ? first : [...first, ...then];
  return all.length > 0 ? all : ['event'];
}

/** The same for people: `View Dataset`. */
export function title(category: string, type: string | undefined): string {
  return words(category, type)
    .map(word => (acronyms.has(word) ? word.toUpperCase() : word.charAt(0).toUpperCase() + word.slice(1)))
    .join(' ');
}

/** Characters of a category or a type that count: Amplitude, which takes the longest names, cuts them here. */
const maxLength = 1024;
const placeholders = new Set(['resource', 'activity', 'status']);
const acronyms = new Set(['api', 'url']);

function split(text: string): string[] {
  return text
    .slice(0, maxLength)
    .toLowerCase()
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter(word => word !== '');
}
