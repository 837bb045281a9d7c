import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { signedHeaders, webhookSecret } from '../../../src/sinks/http/signature.js';

test('the vector of Standard Webhooks', () => {
  const key = webhookSecret().parse('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
  const headers = signedHeaders('msg_p5jXN8AQM9LWM0D4loKWxJek', '{"test": 2432232314}', 1_614_265_330_999, key);
  assert.equal(headers, {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('a secret has 24 to 64 bytes, with or without its prefix', () => {
  const bytes = (count: number): string => Buffer.alloc(count, 7).toString('base64');
  for (const good of [`whsec_${bytes(24)}`, bytes(32), `whsec_${bytes(64)}`])
    assert.ok(webhookSecret().safeParse(good).success, good);
  for (const bad of [`whsec_${bytes(23)}`, bytes(65), 'whsec_', 'a secret that is not base64!!'])
    assert.match(webhookSecret().safeParse(bad).error?.issues[0]?.message ?? '', /^must be whsec_/, bad);
});

test('without a secret nothing is signed', () => {
  assert.equal(Object.keys(signedHeaders('a', '{}', 0, undefined)), ['webhook-id', 'webhook-timestamp']);
});

test.run();
