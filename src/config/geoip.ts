import type { CountrySource } from '../geoip/countries.js';
import type { Values } from '../settings/setting.js';
import { atStart, setting } from '../settings/setting.js';
import { text } from '../settings/words.js';

export const geoipSettings = atStart({
  database: setting(
    'GEOIP_DATABASE',
    text().optional(),
    'File in MaxMind’s format (`.mmdb`) that says which country an address is in, for the field `country`; `off` = none. Default: the one that is installed with the daemon.',
    { example: '/var/lib/GeoIP/GeoLite2-Country.mmdb' },
  ),
});

export function geoip({ database }: Values<typeof geoipSettings>): CountrySource {
  if (database === undefined) return 'installed';
  return /^(?:off|false|0)$/i.test(database) ? 'off' : { path: database };
}
