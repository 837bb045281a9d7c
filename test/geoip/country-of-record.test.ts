import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { countryOfRecord } from '../../src/geoip/country-of-record.js';

test('the records of every maker say the same', () => {
  const city = { city: { names: { en: 'London' } }, country: { iso_code: 'GB', names: { en: 'United Kingdom' } } };
  for (const record of [
    city,
    { country: { iso_code: 'GB' }, registered_country: { iso_code: 'US' } },
    { country_code: 'GB' },
    { country_code: 'gb', city: 'London', state1: 'England' },
    { country: 'United Kingdom', country_code: 'GB', continent_code: 'EU' },
    { country: 'GB', country_name: 'United Kingdom' },
  ])
    assert.is(countryOfRecord(record), 'GB', JSON.stringify(record));
});

test('what is not the code of a country is none', () => {
  for (const record of [
    { autonomous_system_number: 1221, autonomous_system_organization: 'Telstra' },
    { registered_country: { iso_code: 'US' } },
    { country: {} },
    { country: 'United Kingdom' },
    { country_code: 'ZZ' },
    { country_code: '' },
    { country_code: 44 },
    { country: { iso_code: 'GBR' } },
    'GB',
    null,
    undefined,
  ])
    assert.is(countryOfRecord(record), undefined, JSON.stringify(record));
});

test.run();
