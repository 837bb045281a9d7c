import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Countries, type CountrySource } from '../../src/geoip/countries.js';
import { countryProblems } from '../../src/status/country-problems.js';
import { ManualClock } from '../helpers/manual-clock.js';
import { type Mmdb, mmdb } from '../helpers/mmdb.js';
import { recordingLog } from '../helpers/recording-log.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';

const test = suite();
const londoner = '81.2.69.142';

function databaseOf(code: string, more: Partial<Mmdb> = {}): Buffer {
  const networks = { '81.2.69.0/24': { country: { iso_code: code } } };
  return mmdb({ type: 'GeoLite2-Country', ipVersion: 4, networks, ...more });
}

function open(source: CountrySource) {
  const clock = new ManualClock();
  const { log, lines } = recordingLog();
  const countries = new Countries({ source, clock, log });
  return {
    countries,
    lines,
    what: () => countryProblems(countries.status).map(({ what }) => what),
    /** Moves time on to the next look at the file, and waits until it has been looked at. */
    look: async (done: () => boolean) => {
      await until(async () => {
        await clock.pass(10_000);
        countries.of(londoner);
        return done();
      }, 'the file has been looked at');
    },
  };
}

async function withFile(body: (path: string) => Promise<void>): Promise<void> {
  const folder = temporaryFolder();
  try {
    await body(join(folder.path, 'countries.mmdb'));
  } finally {
    folder.remove();
  }
}

test('the database that is installed knows the countries of addresses of both kinds', () => {
  const { countries, what, lines } = open('installed');
  assert.equal(lines, [], 'nothing is loaded before the first address');
  for (const [address, country] of [
    [londoner, 'GB'],
    [`::ffff:${londoner}`, 'GB'],
    ['130.126.0.1', 'US'],
    ['2001:630::1', 'GB'],
  ] as const)
    assert.is(countries.of(address), country, address);
  for (const address of [
    ...['10.0.0.1', '172.16.0.1', '192.168.1.1', '::ffff:192.168.1.1', '100.64.0.1', '127.0.0.1', '169.254.1.1'],
    ...['192.0.2.1', '198.51.100.1', '203.0.113.1', '0.0.0.0', '224.0.0.1', '255.255.255.255', '::', '::1'],
    ...['fe80::1%eth0', 'fc00::1', 'ff02::1', '2001:db8::1', '-', '', 'unix:'],
  ])
    assert.is(countries.of(address), undefined, address);
  for (const address of ['256.1.1.1', '81.2.69', '81.2.69.142:80', 'localhost', 'x'.repeat(10_000)])
    assert.is(countries.of(address), undefined, address);
  assert.equal(what(), []);
  assert.equal(
    lines.map(({ line }) => line),
    ['geoip.loaded'],
  );
});

test('off is off', () => {
  const { countries, what, lines } = open('off');
  assert.is(countries.of(londoner), undefined);
  assert.equal([what(), lines], [[], []]);
});

test('a database that is replaced is used once it is whole; a bad one changes nothing but the problem', () =>
  withFile(async path => {
    writeFileSync(path, databaseOf('GB'));
    const { countries, look, what, lines } = open({ path });
    assert.is(countries.of(londoner), 'GB');

    writeFileSync(`${path}.new`, databaseOf('FR'));
    renameSync(`${path}.new`, path);
    await look(() => countries.of(londoner) === 'FR');
    assert.equal(what(), []);

    writeFileSync(path, databaseOf('DE').subarray(0, 60));
    await look(() => what().length > 0);
    assert.match(what()[0] ?? '', /older database.*not a whole database/);
    assert.is(countries.of(londoner), 'FR');

    rmSync(path);
    await look(() => /ENOENT/.test(what()[0] ?? ''));
    assert.is(countries.of(londoner), 'FR');

    writeFileSync(path, databaseOf('DE'));
    await look(() => countries.of(londoner) === 'DE');
    assert.equal(what(), []);
    assert.is(lines.filter(({ line }) => line === 'geoip.loaded').length, 3);
  }));

test('a file that is being written is not read before it stays the same', () =>
  withFile(async path => {
    writeFileSync(path, databaseOf('GB'));
    const { countries, look } = open({ path });
    countries.of(londoner);
    const whole = databaseOf('FR', { type: 'x'.repeat(200) });
    let written = 0;
    await look(() => {
      if (written < whole.length) {
        written = Math.min(whole.length, written + 100);
        writeFileSync(path, whole.subarray(0, written));
        assert.is(countries.status.obstacle, null);
      }
      return countries.of(londoner) === 'FR';
    });
    assert.is(written, whole.length);
  }));

test('a database that is not there is one problem, and is used when it comes', () =>
  withFile(async path => {
    const { countries, look, what, lines } = open({ path });
    assert.is(countries.of(londoner), undefined);
    for (let number = 0; number < 100; number += 1) countries.of(`81.2.69.${number}`);
    assert.match(what()[0] ?? '', /^Events say no country: the database .*countries\.mmdb \(GEOIP_DATABASE\)/);
    assert.is(lines.filter(({ line }) => line === 'geoip.unusable').length, 1);
    writeFileSync(path, databaseOf('GB'));
    await look(() => countries.of(londoner) === 'GB');
    assert.equal(what(), []);
  }));

test('a path that leads nowhere is a problem before anybody asks for an address', () =>
  withFile(async path => {
    const { what } = open({ path });
    assert.match(await until(() => what()[0], 'the problem is there'), /ENOENT/);
  }));

test('a database without countries is a problem', () =>
  withFile(async path => {
    const networks = { '81.2.0.0/16': { autonomous_system_number: 1221 } };
    writeFileSync(path, databaseOf('', { type: 'GeoLite2-ASN', networks }));
    const { countries, what } = open({ path });
    for (let number = 0; number < 60; number += 1) countries.of(`81.2.69.${number}`);
    assert.match(what()[0] ?? '', /holds no countries, but GeoLite2-ASN/);
  }));

test('a database that is damaged inside gives no country, and never throws', () =>
  withFile(async path => {
    const networks = Object.fromEntries(
      Array.from({ length: 64 }, (_, number) => [`81.2.${number}.0/24`, { country: { iso_code: 'GB' } }]),
    );
    const whole = databaseOf('', { networks });
    const tree = whole.indexOf('country') - 20;
    const { countries, what } = open({ path });
    writeFileSync(path, Buffer.concat([whole.subarray(0, tree), Buffer.alloc(200, 0xff), whole.subarray(tree + 200)]));
    for (let number = 0; number < 64; number += 1) countries.of(`81.2.${number}.1`);
    assert.match(what()[0] ?? '', /damaged/);
  }));

test('memory is bounded: 100,000 addresses are answered as rightly as one', () => {
  const { countries } = open('installed');
  for (let number = 0; number < 100_000; number += 1)
    countries.of(`81.${number % 256}.${(number >> 8) % 256}.${number >> 16}`);
  assert.is(countries.of(londoner), 'GB');
});

test.run();
