import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { originPattern, parseOrigin, parseRequestOrigin } from '../../src/keys/origin.js';

test('an origin has a scheme and a host, and no more', () => {
  assert.is(parseOrigin('https://Portal.example.org:443'), 'https://portal.example.org');
  for (const wrong of ['portal.example.org', 'https://a/b', 'https://a?b', 'ftp://a', '*', 'null', 'https://u@a'])
    assert.is(parseOrigin(wrong), undefined, wrong);
});

test('what the pattern describes can be read, each', () => {
  const origins = fc
    .stringMatching(new RegExp(originPattern))
    .filter(text => text.length <= 256 && !/xn--/i.test(text));
  fc.assert(
    fc.property(origins, text => assert.is.not(parseRequestOrigin(text), undefined, text)),
    { numRuns: 2_000 },
  );
});

test('borders of the pattern', () => {
  for (const right of ['http://[::1]:8080', 'https://a_b.example', 'http://127.0.0.1:65535', 'https://x--y.example'])
    assert.is(parseRequestOrigin(right), right);
  for (const wrong of ['http://1.2.3.256', 'http://a:65536', 'http://a.1', 'http://a..b', 'http://a.', 'http://a:'])
    assert.is(parseRequestOrigin(wrong), undefined, wrong);
  assert.is(parseRequestOrigin(`https://${'a.'.repeat(130)}a`), undefined, 'too long');
});

test.run();
