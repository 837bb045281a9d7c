/**
 * The country that a record of a database says, as its ISO 3166 code in capital letters. Makers differ: MaxMind and
 * DB-IP write `country.iso_code`, ip-location-db and IPinfo `country_code`, older files of IPinfo `country`.
 */
export function countryOfRecord(record: unknown): string | undefined {
  if (!isMap(record)) return undefined;
  const { country, country_code: flat } = record;
  return codeOf(isMap(country) ? country.iso_code : undefined) ?? codeOf(flat) ?? codeOf(country);
}

/** Codes that stand for no country, as ISO 3166 leaves them to users. */
const unknown: ReadonlySet<string> = new Set(['ZZ', 'XX']);

function codeOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^[A-Za-z]{2}$/.test(value)) return undefined;
  const code = value.toUpperCase();
  return unknown.has(code) ? undefined : code;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
