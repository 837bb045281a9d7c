import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SetupError, TransientError } from '../../../src/errors.js';
import { openSlack } from '../../../src/sinks/notify-slack/session.js';
import { StandIn } from '../../helpers/servers/stand-in.js';
import { sinkTools } from '../../helpers/sink-session.js';
import { thrown } from '../../helpers/thrown.js';
import { eventTo } from '../../notify/messages.js';

const signal = new AbortController().signal;
const test = suite<{ server: StandIn }>('slack session');

test.before.each(async context => {
  context.server = new StandIn(() => ({ status: 200, body: 'ok' }));
  await context.server.start();
});
test.after.each(({ server }) => server.stop());

const open = (server: StandIn) =>
  openSlack(
    { url: { url: `${server.origin}/services/T0/B0/secret-path`, user: undefined, password: undefined } },
    sinkTools({ name: 'notify.slack' }),
  );

for (const [status, body, kind, words] of [
  [403, 'invalid_token', SetupError, /check NOTIFY_SLACK_URL/],
  [404, 'no_service /services/T0/B0/secret-path', SetupError, /check NOTIFY_SLACK_URL/],
  [410, 'channel_is_archived', SetupError, /that room is no more/],
  [429, '', TransientError, /answered 429/],
  [500, '', TransientError, /answered 500/],
] as const) {
  test(`${status} is a fault, in words and without the address`, async ({ server }) => {
    server.always = { status, body, headers: { 'retry-after': '30' } };
    const session = await open(server);
    const error = await thrown(session.write([eventTo('notify.slack', 'a')], signal));
    assert.instance(error, kind);
    assert.match(error.message, words);
    assert.not.match(error.message, /secret-path/);
    if (status === 429) assert.is((error as TransientError).retryAfterMs, 30_000);
  });
}

test('400 is about the message', async ({ server }) => {
  server.always = { status: 400, body: 'invalid_payload' };
  const { rejected } = await (await open(server)).write([eventTo('notify.slack', 'a')], signal);
  assert.match(rejected?.[0]?.reason ?? '', /answered 400 \(invalid_payload\)/);
});

test('a probe posts nothing', async ({ server }) => {
  await (await open(server)).probe(signal);
  assert.equal(
    server.asked.map(({ method, url }) => [method, url.pathname]),
    [['HEAD', '/']],
  );
});

test.run();
