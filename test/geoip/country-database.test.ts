import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readDatabase } from '../../src/geoip/country-database.js';
import { mmdb } from '../helpers/mmdb.js';

const gb = { country: { iso_code: 'GB' } };
const jp = { country: { iso_code: 'JP' } };

test('addresses of both kinds are found in a database of both', () => {
  const database = readDatabase(
    mmdb({ type: 'GeoLite2-Country', ipVersion: 6, networks: { '81.2.69.0/24': gb, '2001:218::/32': jp } }),
  );
  assert.is(database.type, 'GeoLite2-Country');
  assert.is(database.built.getTime(), 1_700_000_000_000);
  assert.is(database.countryOf('81.2.69.142'), 'GB');
  assert.is(database.countryOf('81.2.70.1'), undefined);
  assert.is(database.countryOf('2001:218:85a3::8a2e:370:7334'), 'JP');
  assert.is(database.countryOf('2001:db8::1'), undefined);
});

test('an IPv6 address is nowhere in a database of IPv4 addresses, whatever its first bits are', () => {
  const database = readDatabase(
    mmdb({ type: 'GeoLite2-Country', ipVersion: 4, networks: { '32.0.0.0/8': gb, '81.2.69.0/24': gb } }),
  );
  assert.is(database.countryOf('32.1.2.24'), 'GB');
  // 2001:218:: begins with the bits of 32.1.
  assert.is(database.countryOf('2001:218::1'), undefined);
});

test('a database of something else holds no countries, and says so after a while', () => {
  const telstra = { autonomous_system_number: 1221, autonomous_system_organization: 'Telstra' };
  const database = readDatabase(mmdb({ type: 'GeoLite2-ASN', ipVersion: 4, networks: { '1.128.0.0/11': telstra } }));
  for (let number = 0; number < 50; number += 1) {
    assert.is(database.holdsNone, false);
    assert.is(database.countryOf(`1.128.0.${number}`), undefined);
  }
  assert.is(database.holdsNone, true);
});

test('what is not a database says why', () => {
  const whole = mmdb({ type: 'GeoLite2-Country', ipVersion: 4, networks: { '81.2.69.0/24': gb } });
  assert.throws(() => readDatabase(gzipSync(whole)), /compressed/);
  for (const file of [Buffer.alloc(0), Buffer.from('<html>404</html>'), whole.subarray(0, 40)])
    assert.throws(() => readDatabase(file), /not a whole database/);
  const marker = whole.indexOf('MaxMind.com');
  assert.throws(() => readDatabase(whole.subarray(0, marker + 20)));
});

test.run();
