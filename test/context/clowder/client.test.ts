import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ClowderClient } from '../../../src/context/clowder/client.js';
import { straight } from '../../helpers/outgoing.js';
import { StandIn } from '../../helpers/servers/stand-in.js';
import { thrown } from '../../helpers/thrown.js';

const never = new AbortController().signal;
const test = suite<{ server: StandIn; client: ClowderClient }>('questions to Clowder');

test.before.each(async context => {
  context.server = new StandIn(() => ({ status: 200, body: '{"id":"x"}' }));
  await context.server.start();
  const { origin } = context.server;
  context.client = new ClowderClient({ origin, url: `${origin}/clowder`, apiKey: 'sesame-key' }, straight, Date.now);
});
test.after.each(({ server }) => server.stop());

test('carry the key, and say who asks', async ({ server, client }) => {
  assert.equal((await client.get('/api/x', never)).json, { id: 'x' });
  const [asked] = server.asked;
  assert.is(asked?.url.pathname, '/clowder/api/x');
  assert.is(asked?.headers['x-api-key'], 'sesame-key');
  assert.match(asked?.headers['user-agent'] ?? '', /^event-sink\/\S+ \(context\)$/);
});

test('a slow answer is none', async ({ server, client }) => {
  server.always = { delayMs: 60_000 };
  const error = await thrown(client.get('/api/x', never, { timeoutMs: 50 }));
  assert.match(String(error), /within 50 ms/);
});

test('of a huge answer only the beginning is read, which is not data', async ({ server, client }) => {
  server.always = { status: 200, body: `{"id":"x","rest":"${'x'.repeat(100_000)}"}` };
  const { json, text } = await client.get('/api/x', never, { maxBytes: 1_000 });
  assert.is(json, undefined);
  assert.is(text.length, 1_000);
});

test('a redirect is not followed, and no reason shows the key', async ({ server, client }) => {
  server.always = { status: 302, headers: { location: `${server.origin}/elsewhere` } };
  assert.match(String(await thrown(client.get('/api/x', never))), /redirect/);
  server.always = { status: 503, body: 'no room for sesame-key', headers: { 'retry-after': '7' } };
  const error = (await thrown(client.get('/api/x', never))) as { message: string; retryAfterMs?: number };
  assert.not.match(error.message, 'sesame-key');
  assert.is(error.retryAfterMs, 7_000);
  assert.is(server.asked.length, 2);
});

test.run();
