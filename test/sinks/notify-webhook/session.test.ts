import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SetupError } from '../../../src/errors.js';
import { openWebhook } from '../../../src/sinks/notify-webhook/session.js';
import { WebhookReceiver } from '../../helpers/servers/webhook-receiver.js';
import { rememberingMemory, sinkTools } from '../../helpers/sink-session.js';
import { thrown } from '../../helpers/thrown.js';
import { change, eventTo } from '../../notify/messages.js';

const signal = new AbortController().signal;
const test = suite<{ receiver: WebhookReceiver }>('webhook session');

test.before.each(async context => {
  context.receiver = new WebhookReceiver();
  await context.receiver.server.start();
});
test.after.each(({ receiver }) => receiver.server.stop());

const open = (receiver: WebhookReceiver, keyValues = rememberingMemory()) =>
  openWebhook(
    {
      url: { url: `${receiver.server.origin}/hook?token=secret`, user: undefined, password: undefined },
      secret: receiver.key,
    },
    sinkTools({ name: 'notify.webhook', keyValues }),
  );

test('the body says what a program needs, first of the worst', async ({ receiver }) => {
  const session = await open(receiver);
  const changes = [change('a', { state: 'degraded', severity: 'warning' }), change('b')];
  await session.write([eventTo('notify.webhook', 'id-1', changes)], signal);
  const [body] = receiver.bodies;
  assert.is(body?.type, 'service_status.down');
  assert.is(body?.service_name, 'b');
  assert.is(body?.state, 'down');
  assert.is(body?.count, 2);
  assert.is(body?.message, 'b is down; a is degraded.');
  assert.equal(
    body?.changes.map(({ service_name, state }) => [service_name, state]),
    [
      ['b', 'down'],
      ['a', 'degraded'],
    ],
  );
  assert.equal(receiver.violations, []);
});

test('what was sent is not sent again, by another session either, and a message for another channel never', async ({
  receiver,
}) => {
  const keyValues = rememberingMemory();
  await (await open(receiver, keyValues)).write([eventTo('notify.webhook', 'id-1')], signal);
  const again = await (await open(receiver, keyValues)).write(
    [eventTo('notify.webhook', 'id-1'), eventTo('notify.slack', 'id-2')],
    signal,
  );
  assert.is(again.duplicates, 1);
  assert.equal([...receiver.times], [['id-1', 1]]);
});

test('a receiver that is gone is left alone, for the next session too', async ({ receiver }) => {
  const keyValues = rememberingMemory();
  receiver.server.always = { status: 410 };
  const session = await open(receiver, keyValues);
  const error = await thrown(session.write([eventTo('notify.webhook', 'id-1')], signal));
  assert.instance(error, SetupError);
  assert.match(error.message, /answered 410, it takes no more notifications: correct NOTIFY_WEBHOOK_URL/);
  assert.not.match(error.message, /secret/);
  const asked = receiver.server.asked.length;
  const next = await open(receiver, keyValues);
  assert.instance(await thrown(next.probe(signal)), SetupError);
  assert.is(receiver.server.asked.length, asked);
});

test('a redirect is for a person to follow', async ({ receiver }) => {
  receiver.server.always = { status: 302, headers: { location: 'https://example.org/' } };
  const session = await open(receiver);
  assert.instance(await thrown(session.write([eventTo('notify.webhook', 'id-1')], signal)), SetupError);
});

test.run();
