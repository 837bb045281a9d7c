import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../src/clock.js';
import { freePort } from '../helpers/ports.js';
import { startExim } from '../helpers/servers/exim.js';
import { StandIn } from '../helpers/servers/stand-in.js';
import { WebhookReceiver } from '../helpers/servers/webhook-receiver.js';
import { required } from '../helpers/skip.js';
import { invoke } from './invoke.js';

const exim = required('exim', await startExim({ login: { user: 'ann', password: 'right' } }));
const test = suite<{ receiver: WebhookReceiver; chat: StandIn }>('event-sink notify');

test.before.each(async context => {
  context.receiver = new WebhookReceiver();
  context.chat = new StandIn(() => ({ status: 200, body: 'ok' }));
  await Promise.all([context.receiver.server.start(), context.chat.start()]);
});
test.after.each(async ({ receiver, chat }) => {
  await Promise.all([receiver.server.stop(), chat.stop()]);
});
test.after(() => exim.stop());

const settings = (receiver: WebhookReceiver, chat: StandIn, password = 'right') => ({
  SMTP_URL: `smtp://ann:${password}@127.0.0.1:${exim.port}`,
  NOTIFY_EMAIL_TO: 'ops@example.org',
  NOTIFY_EMAIL_FROM: 'event-sink@example.org',
  NOTIFY_SLACK_URL: `${chat.origin}/services/T/B/X`,
  NOTIFY_WEBHOOK_URL: `${receiver.server.origin}/hook`,
  NOTIFY_WEBHOOK_SECRET: receiver.secret,
});
const run = (words: readonly string[], env: Record<string, string>) => invoke(words, { env, clock: systemClock });

test('a test goes through every channel, and arrives as what it is', async ({ receiver, chat }) => {
  const { code, out } = await run(['notify', 'test'], settings(receiver, chat));
  assert.is(code, 0, out);
  assert.match(out, /^ok +Notifications by mail +send a test message: it has the message$/m);
  assert.match(out, /^ok +Notifications by chat /m);
  assert.match(out, /^ok +Notifications by webhook /m);
  const [mail] = await exim.mails();
  assert.is(mail?.headers.get('subject'), 'event-sink: a test, nothing is wrong');
  assert.is(chat.asked.length, 1);
  assert.is(receiver.bodies[0]?.kind, 'test');
  assert.equal(receiver.violations, []);
});

test('what is wrong with a channel is said in words, and the others have the message', async ({ receiver, chat }) => {
  chat.always = { status: 404, body: 'no_service' };
  const port = await freePort();
  const env = { ...settings(receiver, chat, 'wrong-password'), NOTIFY_WEBHOOK_URL: `http://127.0.0.1:${port}/hook` };
  const { code, out } = await run(['notify', 'test'], env);
  assert.is(code, 1);
  assert.match(out, /SMTP_URL: 127\.0\.0\.1:\d+ refused the log-in of ann .*: correct user and password in SMTP_URL/);
  assert.match(out, /NOTIFY_SLACK_URL: 127\.0\.0\.1:\d+ answered 404 \(no_service\): check NOTIFY_SLACK_URL/);
  assert.match(
    out,
    /NOTIFY_WEBHOOK_URL: 127\.0\.0\.1:\d+ refused the connection: nothing listens there .*let this machine reach it/,
  );
  assert.not.match(out, /wrong-password|services\/T\/B\/X/);
});

test('one channel alone; one that is not set up is a mistake of the command line', async ({ receiver, chat }) => {
  const env = settings(receiver, chat);
  const { code } = await run(['notify', 'test', '--channel', 'webhook'], env);
  assert.is(code, 0);
  assert.is(receiver.bodies.length, 1);
  assert.is(chat.asked.length, 0);
  const { SMTP_URL: _smtp, NOTIFY_EMAIL_TO: _to, NOTIFY_EMAIL_FROM: _from, ...others } = env;
  const wrong = await run(['notify', 'test', '--channel', 'email'], others);
  assert.is(wrong.code, 2);
  assert.match(wrong.err, /--channel must be one of slack, webhook, but is "email", which is not set up/);
  const none = await run(['notify', 'test'], {});
  assert.is(none.code, 2);
  assert.match(none.err, /no channel is set up: set NOTIFY_EMAIL_TO/);
  assert.is((await run(['notify', 'tset'], env)).code, 2);
});

test('check connects and logs in, and sends nothing', async ({ receiver, chat }) => {
  const before = (await exim.mails()).length;
  const env = { ...settings(receiver, chat), PORT: '0', LOCAL_STORE: 'off' };
  const good = await run(['check'], env);
  assert.match(good.out, /^ok +Notifications by mail +connect to the mail server, and log in: ready for events$/m);
  assert.match(good.out, /^not tried +Notifications by mail +send a mail: somebody would get it/m);
  assert.match(good.out, /^ok +Notifications by webhook +reach the server/m);
  const wrong = await run(['check'], { ...env, SMTP_URL: `smtp://ann:wrong-password@127.0.0.1:${exim.port}` });
  assert.is(wrong.code, 1);
  assert.match(wrong.out, /SMTP_URL: .* refused the log-in of ann/);
  assert.is((await exim.mails()).length, before);
  assert.equal(receiver.bodies, []);
});

test.run();
