import type { IncomingMessage } from 'node:http';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { originOf } from '../src/http/client-address.js';
import { AddressList, canonicalAddress, networkOf, type TrustedProxies } from '../src/ip-address.js';

test('an address has one form', () => {
  const forms: readonly [string, string | undefined][] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['unknown', undefined],
    ['192.0.2.01', undefined],
    ['', undefined],
  ];
  for (const [text, form] of forms) assert.is(canonicalAddress(text), form, text);
});

test('one subscriber of IPv6 is one network, however it is spelt', () => {
  const same = ['2001:db8:1:2::1', '2001:db8:1:2:ffff::', '2001:db8:1:2:3:4:5:6'].map(networkOf);
  assert.is(new Set(same).size, 1);
  assert.is(networkOf('::1'), '0:0:0:0::/64');
  assert.is(networkOf('2001:db8::1'), '2001:db8:0:0::/64');
  assert.is(networkOf('192.0.2.1'), '192.0.2.1');
});

test('a list holds addresses and networks of both kinds', () => {
  const list = new AddressList(['127.0.0.1', '10.0.0.0/8', '2001:db8::/32', '::ffff:198.51.100.0/120']);
  for (const inside of ['127.0.0.1', '10.9.9.9', '2001:db8:5::1', '198.51.100.7']) assert.ok(list.has(inside), inside);
  for (const outside of ['127.0.0.2', '11.0.0.1', '2001:db9::1', '198.51.101.7'])
    assert.not.ok(list.has(outside), outside);
  for (const wrong of ['10.0.0.0/33', '10.0.0.0/8/8', 'proxy', '10.0.0.0/', '10.0.0.0/x', '::/129'])
    assert.throws(() => new AddressList([wrong]), RangeError, wrong);
});

const proxies = new AddressList(['10.0.0.0/8', '::1']);
const from = (peer: string, forwarded: string | undefined, trusted: TrustedProxies): string =>
  originOf(
    { socket: { remoteAddress: peer }, headers: { 'x-forwarded-for': forwarded } } as unknown as IncomingMessage,
    trusted,
  ).address;

test('X-Forwarded-For is believed as far as the chain consists of trusted proxies', () => {
  assert.is(from('10.0.0.1', '6.6.6.6, 192.0.2.1, 10.0.0.2', proxies), '192.0.2.1');
  assert.is(from('10.0.0.1', '10.0.0.3, 10.0.0.2', proxies), '10.0.0.3');
  assert.is(from('192.0.2.9', '6.6.6.6', proxies), '192.0.2.9', 'not a proxy');
  assert.is(from('::ffff:10.0.0.1', '2001:DB8:0::1', proxies), '2001:db8::1');
  assert.is(from('10.0.0.1', '192.0.2.1, nonsense', proxies), '10.0.0.1');
  assert.is(from('10.0.0.1', '192.0.2.1:4711', proxies), '192.0.2.1');
  assert.is(from('::1', '[2001:db8::1]:4711', proxies), '2001:db8::1');
  assert.is(from('10.0.0.1', undefined, proxies), '10.0.0.1');
  assert.is(from('192.0.2.9', '6.6.6.6, 7.7.7.7', 'peer'), '7.7.7.7', 'one hop');
  assert.is(from('192.0.2.9', '6.6.6.6', 'none'), '192.0.2.9');
});

test.run();
