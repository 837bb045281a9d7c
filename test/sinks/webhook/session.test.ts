import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SetupError, TransientError } from '../../../src/errors.js';
import type { WebhookFormat } from '../../../src/sinks/webhook/render.js';
import { openSession } from '../../../src/sinks/webhook/session.js';
import { EventReceiver } from '../../helpers/servers/event-receiver.js';
import { eventOf, rememberingMemory, sinkTools, standingClock } from '../../helpers/sink-session.js';
import { thrown } from '../../helpers/thrown.js';

const signal = new AbortController().signal;
const test = suite<{ receiver: EventReceiver }>('webhook session');

test.before.each(async context => {
  context.receiver = new EventReceiver();
  await context.receiver.start();
});
test.after.each(async ({ receiver }) => {
  await receiver.stop();
  assert.equal(receiver.violations, []);
});

const open = (
  receiver: EventReceiver,
  { format = 'json' as WebhookFormat, gzip = false, signed = true } = {},
  tools = sinkTools(),
) =>
  openSession(
    {
      url: {
        url: `${receiver.origin}/hook/secret-in-the-path?token=token-in-the-url`,
        user: 'portal',
        password: 'pass-word',
      },
      secret: signed ? receiver.key : undefined,
      format,
      gzip,
    },
    tools,
  );
const events = (count: number, fields = {}) =>
  Array.from({ length: count }, (_, index) =>
    eventOf({ category: 'upload', size: index, created: 1_700_000_000_000, ...fields }, { id: `event-${index}` }),
  );

test('a JSON array, signed, with the user of the address; nothing in it is compressed', async ({ receiver }) => {
  await (await open(receiver)).write(events(2), signal);
  const [asked] = receiver.asked;
  assert.is(asked?.headers['content-type'], 'application/json');
  assert.is(asked?.headers['content-encoding'], undefined);
  assert.is(asked?.headers.authorization, `Basic ${Buffer.from('portal:pass-word').toString('base64')}`);
  assert.equal(receiver.events.get('event-1'), {
    ...{ id: 'event-1', created: 1_700_000_000_000, category: 'upload', size: 1 },
    ...{ _source: 'clowder', _received: 1_700_000_000_000 },
  });
});

for (const format of ['json', 'ndjson', 'cloudevents'] as const) {
  test(`${format}, compressed: the signature is that of the text`, async ({ receiver }) => {
    await (await open(receiver, { format, gzip: true })).write(events(3), signal);
    assert.is(receiver.asked[0]?.headers['content-encoding'], 'gzip');
    assert.equal(receiver.ids, ['event-0', 'event-1', 'event-2']);
  });
}

test('without a secret nothing is signed', async ({ receiver }) => {
  receiver.always = { status: 204 };
  await (await open(receiver, { signed: false })).write(events(1), signal);
  assert.is(receiver.asked[0]?.headers['webhook-signature'], undefined);
});

test('the same events have the same id of the request, however often they are tried; others have another', async ({
  receiver,
}) => {
  const session = await open(receiver);
  receiver.faults.push({ status: 503 });
  assert.instance(await thrown(session.write(events(2), signal)), TransientError);
  await session.write(events(2), signal);
  await session.write(events(1), signal);
  const [first, second, third] = receiver.asked.map(({ headers }) => headers['webhook-id']);
  assert.is(first, second);
  assert.is.not(second, third);
});

test('twins of a batch go once', async ({ receiver }) => {
  const [one, two] = events(2);
  const result = await (await open(receiver)).write([one!, two!, one!], signal);
  assert.is(result.duplicates, 1);
  assert.equal([receiver.ids, receiver.repeats], [['event-0', 'event-1'], 0]);
});

for (const status of [400, 413, 422]) {
  test(`${status}: halved down to the one, with fewer than twice as many requests as events`, async ({ receiver }) => {
    receiver.refusal = status;
    receiver.refuses = ({ size }) => size === 5;
    const result = await (await open(receiver)).write(events(16), signal);
    assert.equal(
      result.rejected?.map(({ index }) => index),
      [5],
    );
    assert.match(result.rejected?.[0]?.reason ?? '', `answered ${status} (one of these is not wanted)`);
    assert.is(receiver.ids.length, 15);
    assert.ok(receiver.asked.length < 32, `${receiver.asked.length} requests`);
  });
}

for (const [status, words] of [
  [301, /a redirect: configure the address/],
  [401, /check WEBHOOK_URL and WEBHOOK_SECRET/],
  [403, /check WEBHOOK_URL and WEBHOOK_SECRET/],
  [404, /check WEBHOOK_URL/],
  [405, /check that WEBHOOK_URL leads to/],
  [410, /takes no more events: correct WEBHOOK_URL/],
  [415, /check WEBHOOK_FORMAT/],
] as const) {
  test(`${status} is for a person, and holds no secret`, async ({ receiver }) => {
    const elsewhere = `${receiver.origin}/elsewhere`;
    receiver.faults.push({
      status,
      body: 'secret-in-the-path token-in-the-url pass-word',
      headers: { location: elsewhere },
    });
    const error = await thrown((await open(receiver)).write(events(3), signal));
    assert.instance(error, SetupError);
    assert.match(error.message, words);
    assert.not.match(error.message, /secret-in-the-path|token-in-the-url|pass-word/);
    assert.is(receiver.asked.length, 1);
  });
}

for (const status of [408, 429, 500, 503]) {
  test(`${status} is waited for, as long as the receiver asks`, async ({ receiver }) => {
    receiver.faults.push({ status, headers: { 'retry-after': '12' } });
    const error = await thrown((await open(receiver)).write(events(1), signal));
    assert.instance(error, TransientError);
    assert.is((error as TransientError).retryAfterMs, 12_000);
  });
}

test('a slow receiver that refuses gets on: what is not sent in time is deferred', async ({ receiver }) => {
  const clock = standingClock();
  receiver.always = () => {
    clock.advance(15_000);
    return { status: 422 };
  };
  const result = await (await open(receiver, {}, sinkTools({ clock }))).write(events(4), signal);
  assert.equal(result.deferred, { indexes: [0, 1, 2, 3], retryAfterMs: 1_000 });
  assert.equal(result.rejected, []);
});

test('any answer shows that the receiver is there; none does not', async ({ receiver }) => {
  const session = await open(receiver);
  await session.probe(signal);
  assert.equal([receiver.asked[0]?.method, receiver.asked[0]?.url.pathname], ['HEAD', '/']);
  await receiver.stop();
  assert.instance(await thrown(session.probe(signal)), TransientError);
});

test('a receiver that refuses every event alike holds the stream, and says what to look at', async ({ receiver }) => {
  const keyValues = rememberingMemory();
  const tools = sinkTools({ keyValues });
  receiver.always = { status: 400, body: 'the signature is not valid' };
  const error = await thrown((await open(receiver, {}, tools)).write(events(100), signal));
  assert.instance(error, SetupError);
  assert.match(
    error.message,
    /400 \(the signature is not valid\), and so to every event of late: check WEBHOOK_SECRET/,
  );
  // By the next session at once, whatever it is given.
  assert.instance(await thrown((await open(receiver, {}, tools)).write(events(1), signal)), SetupError);
  receiver.always = undefined;
  assert.equal((await (await open(receiver, {}, tools)).write(events(100), signal)).rejected, []);
  assert.is(receiver.events.size, 100);
  receiver.always = { status: 400, body: 'the signature is not valid' };
  const later = await (await open(receiver, {}, tools)).write([eventOf({ category: 'x' }, { id: 'later' })], signal);
  assert.is(later.rejected?.length, 1, 'one event that is refused where others were taken is to blame itself');
});

test('small batches that are all refused are held too, in the end', async ({ receiver }) => {
  receiver.always = { status: 422, body: 'unknown field' };
  const session = await open(receiver);
  const faults: unknown[] = [];
  for (const [index] of Array.from({ length: 30 }).entries())
    await session
      .write([eventOf({ category: 'x' }, { id: `one-${index}` })], signal)
      .catch(error => faults.push(error));
  assert.ok(faults.length > 0);
  for (const fault of faults) assert.instance(fault, SetupError);
});

test('many events that are refused where others are taken, or in words of their own, are to blame themselves', async ({
  receiver,
}) => {
  receiver.always = ({ body }) => {
    const sent = JSON.parse(body) as { id: string; size: number }[];
    return sent.some(({ size }) => size < 60) ? { status: 422, body: 'too small' } : undefined;
  };
  const mixed = await (await open(receiver)).write(events(100), signal);
  assert.is(mixed.rejected?.length, 60);
  assert.is(receiver.events.size, 40);
  receiver.always = ({ body }) => ({
    status: 422,
    body: `${(JSON.parse(body) as { id: string }[])[0]?.id} is unknown`,
  });
  assert.is((await (await open(receiver)).write(events(40), signal)).rejected?.length, 40);
});

test.run();
