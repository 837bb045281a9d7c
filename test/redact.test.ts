import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hideSecrets, redact } from '../src/redact.js';

test('secrets leave every text', () => {
  assert.is(redact('key abcd-1234 was refused', ['abcd-1234']), 'key [hidden] was refused');
  assert.is(redact('q=a%20b%2Fc', ['a b/c']), 'q=[hidden]');
  assert.is(redact(`Basic ${Buffer.from('ann:pass').toString('base64')}`, ['ann:pass']), 'Basic [hidden]');
  assert.is(redact('https://ann:pass@host/x', []), 'https://[hidden]@host/x');
  assert.is(redact('"amqp://ann:1/pa#ss@host" is bad, ann@host', []), '"amqp://[hidden]@host" is bad, ann@host');
  assert.is(
    redact('/mp/collect?measurement_id=G-1&api_secret=xyz', []),
    '/mp/collect?measurement_id=G-1&api_secret=[hidden]',
  );
  assert.is(redact('Authorization: Token abc', []), 'Authorization: [hidden]');
  assert.is(redact('a plain sentence', ['a']), 'a plain sentence');
});

test('an address that is an example stays whole where only the given secrets are hidden', () => {
  const sentence = 'must be a URL such as amqp://user:password@host, not hunter2';
  assert.is(hideSecrets(sentence, ['hunter2']), 'must be a URL such as amqp://user:password@host, not [hidden]');
});

test('a secret inside another leaves nothing of the longer one', () => {
  assert.is(redact('token abcdef and abcd', ['abcd', 'abcdef']), 'token [hidden] and [hidden]');
});

test.run();
