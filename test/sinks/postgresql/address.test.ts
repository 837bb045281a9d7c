import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readPostgresAddress } from '../../../src/sinks/postgresql/address.js';

function good(text: string) {
  const read = readPostgresAddress(text);
  if ('flaw' in read) throw new Error(read.flaw);
  return read;
}

function flaw(text: string): string {
  const read = readPostgresAddress(text);
  return 'flaw' in read ? read.flaw : '';
}

test('all parts, percent-decoded', () => {
  assert.equal(good('postgresql://ann%40lab:p%2Fw@db.example.org:6432/cl%20owder?sslmode=verify-full'), {
    ...{ host: 'db.example.org', port: 6432, user: 'ann@lab', password: 'p/w', database: 'cl owder' },
    ...{ sslMode: 'verify-full', applicationName: 'event-sink' },
  });
});

test('encrypted where the server can, but not to this very machine', () => {
  for (const [text, mode] of [
    ['postgres://db.example.org/events', 'prefer'],
    ['postgres://127.0.0.1/events', 'disable'],
    ['postgres://[::1]:5433/events', 'disable'],
    ['postgres://localhost/events?host=/var/run/postgresql', 'disable'],
    ['postgres://localhost/events?sslmode=require', 'require'],
  ])
    assert.is(good(text!).sslMode, mode, text);
  assert.is(good('postgres://[::1]:5433/events').host, '::1');
  assert.is(good('postgres://localhost/events?host=/var/run/postgresql').host, '/var/run/postgresql');
});

test('what cannot be is said, without the password', () => {
  for (const [text, words] of [
    ['mysql://u:hunter2@h/d', /must look like postgresql:/],
    ['postgresql://u:hunter2@h', /the database is missing/],
    ['postgresql://u:hunter2@h/', /the database is missing/],
    ['postgresql://u:hunter2@h/a/b', /the database is missing/],
    ['postgresql://u:hun#ter2@h/d', /holds a #/],
    ['postgresql://u:hunter2@a,b/d', /one host/],
    ['postgresql://u:hunter2@h/d?sslmode=allow', /must have a sslmode of disable/],
    ['postgresql://u:hunter2@h/d?sslrootcert=x', /not known here/],
  ] as const) {
    assert.match(flaw(text), words, text);
    assert.not.match(flaw(text), /hunter2|hun#/);
  }
});

test.run();
