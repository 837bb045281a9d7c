import type { Fields } from '../../events/event.js';
import { placeOf } from '../../people/devices.js';
import { cut } from '../people.js';
import { limits } from './limits.js';

/** Where an event happened, as Google takes it, and the fields that say it; the others are parameters. */
export interface SentPlace {
  readonly context: {
    readonly ip_override?: string;
    readonly user_location?: Readonly<Record<string, string>>;
  };
  readonly fields: readonly string[];
}

const nowhere: SentPlace = { context: {}, fields: [] };

/** An address, or else a country by its ISO 3166 code, with its region and city. Google takes no names of countries. */
export function placeFor(fields: Fields): SentPlace {
  const { ip, country, region, city } = placeOf(fields);
  // Google ignores the address beside a location.
  if (ip !== undefined) return { context: { ip_override: ip }, fields: [] };
  if (country === undefined || !/^[A-Za-z]{2}$/.test(country)) return nowhere;
  const code = country.toUpperCase();
  const regionId = region === undefined ? undefined : regionOf(code, region.toUpperCase());
  return {
    context: {
      user_location: {
        ...(city === undefined ? {} : { city: cut(city, limits.valueLength) }),
        ...(regionId === undefined ? {} : { region_id: regionId }),
        country_id: code,
      },
    },
    fields: ['country', 'city', ...(regionId === undefined ? [] : ['region'])],
  };
}

/** ISO 3166-2: `US-CA`, also where only `CA` is given. */
function regionOf(country: string, region: string): string | undefined {
  if (/^[A-Z0-9]{1,3}$/.test(region)) return `${country}-${region}`;
  return region.startsWith(`${country}-`) && /^[A-Z]{2}-[A-Z0-9]{1,3}$/.test(region) ? region : undefined;
}
