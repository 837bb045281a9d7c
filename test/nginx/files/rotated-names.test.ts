import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { datedNames, isDate, rotatedNames } from '../../../src/nginx/files/rotated-names.js';

test('rotation makes small numbers and dates', () => {
  const belongs = rotatedNames('access.log');
  for (const name of [
    'access.log.1',
    'access.log.14.gz',
    'access.log.365',
    'access.log-20240305',
    'access.log-20240305.gz',
    'access.log-2024030512.xz',
    'access.log-1709634000',
    'access.log.2024-03-05T12:30:00Z',
    'access.log-20240305.1',
    'access-2024-03-05.log',
    'access_2024_03_05.log.gz',
    'access-05Mar2024.log',
  ])
    assert.ok(belongs(name), name);
});

test('ports, addresses, hosts and days that do not exist are neighbours', () => {
  const belongs = rotatedNames('access.log');
  for (const name of [
    'access.log',
    'access.log.portal',
    'access.log.8443',
    'access-8443.log',
    'access-1.log',
    'access_10.0.0.6.log',
    'access.log.10.0.0.6',
    'access.log-20240230',
    'access.log-19890101',
    'access.log-20241301',
  ])
    assert.not(belongs(name), name);
});

test('the names of a dated log differ in their dates alone', () => {
  const belongs = datedNames('access-2024-03-05.log');
  for (const name of ['access-2024-03-04.log', 'access-2023-12-31.log.gz']) assert.ok(belongs(name), name);
  for (const name of ['access-2024-3-4.log', 'access-2024-02-30.log', 'access-20240304.log', 'access-1970-01-01.log'])
    assert.not(belongs(name), name);
  const hosts = datedNames('www1-20240305.log');
  assert.ok(hosts('www1-20240304.log'));
  assert.not(hosts('www2-20240305.log'));
});

test('numbers that are no dates are a part of the name', () => {
  assert.not(datedNames('www1.log')('www2.log'));
  assert.not(datedNames('10.0.0.5')('10.0.0.6'));
  for (const name of ['10.0.0.5', '8443', '1', '2024']) assert.not(isDate(name), name);
  for (const name of ['20240305', '2024-03-05', '2024.03.05']) assert.ok(isDate(name), name);
});

test.run();
