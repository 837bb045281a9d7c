/**
 * The language that is liked best, which browsers name first: `de-CH,de;q=0.9` is de-CH. Undefined for what is not the
 * tag of a language.
 */
export function firstLanguage(languages: string | undefined): string | undefined {
  if (languages === undefined) return undefined;
  const [first = ''] = languages.split(/[,;]/, 1);
  return /^[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,4}$/.test(first.trim()) ? first.trim() : undefined;
}
