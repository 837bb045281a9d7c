import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FullError, SetupError, TransientError } from '../../../src/errors.js';
import type { WebhookFormat } from '../../../src/sinks/webhook/render.js';
import { openSession } from '../../../src/sinks/webhook/session.js';
import type { KeyValues } from '../../../src/storage/key-values.js';
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

/** Two kinds of events in turn, so that all of them are not of one category. */
const mixed = (count: number, name = 'mixed') =>
  Array.from({ length: count }, (_, index) =>
    eventOf(
      { category: index % 2 === 0 ? 'upload' : 'download', size: index, created: 1_700_000_000_000 },
      { id: `${name}-${index}` },
    ),
  );

for (const [what, { refuses, batch = mixed(60), before = [], refusal = 422, dead }] of Object.entries<{
  refuses: (size: number) => boolean;
  batch?: ReturnType<typeof mixed>;
  before?: ReturnType<typeof mixed>;
  refusal?: number;
  dead: number;
}>({
  'poison first': { refuses: size => size < 30, dead: 30 },
  'poison last': { refuses: size => size >= 30, dead: 30 },
  'poison but for one': { refuses: size => size !== 59, dead: 59 },
  'poison alone, after a success': { refuses: size => size < 60, before: events(1, { size: 60 }), dead: 60 },
  'poison alone, of a single category': { refuses: () => true, batch: events(60), dead: 60 },
  'poison alone, but little': { refuses: () => true, batch: mixed(19), dead: 19 },
  'poison alone, one event again and again': {
    refuses: () => true,
    batch: Array.from({ length: 10 }, () => mixed(4)).flat(),
    dead: 40,
  },
  '409: it has them': { refuses: () => true, refusal: 409, dead: 60 },
})) {
  test(`dead letters, and nothing is sent twice: ${what}`, async ({ receiver }) => {
    const tools = sinkTools();
    receiver.refusal = refusal;
    receiver.refuses = ({ size }) => refuses(Number(size));
    if (before.length > 0) await (await open(receiver, {}, tools)).write(before, signal);
    const result = await (await open(receiver, {}, tools)).write(batch, signal);
    assert.equal([result.rejected?.length, result.deferred, receiver.repeats], [dead, undefined, 0]);
    assert.is(receiver.events.size, before.length + batch.length - dead);
  });
}

test('dead letters: a quiet stream, each event in a batch of its own', async ({ receiver }) => {
  receiver.refuses = () => true;
  const session = await open(receiver);
  for (const event of mixed(30)) assert.is((await session.write([event], signal)).rejected?.length, 1);
});

test('dead letters: refused in words of their own', async ({ receiver }) => {
  receiver.always = ({ body }) => ({
    status: 422,
    body: `${(JSON.parse(body) as { id: string }[])[0]?.id} is unknown`,
  });
  assert.is((await (await open(receiver)).write(mixed(40), signal)).rejected?.length, 40);
});

test('a secret that is wrong from the start holds the stream until it is right, and says what to look at', async ({
  receiver,
}) => {
  const tools = sinkTools();
  receiver.always = { status: 400, body: 'the signature is not valid' };
  for (let time = 0; time < 2; time += 1) {
    const error = await thrown((await open(receiver, {}, tools)).write(mixed(25), signal));
    assert.instance(error, SetupError);
    assert.match(error.message, /400 \(the signature is not valid\), to all 25 events .*: check WEBHOOK_SECRET/);
    assert.match(error.message, 'WEBHOOK_CATEGORIES');
  }
  receiver.always = undefined;
  assert.equal((await (await open(receiver, {}, tools)).write(mixed(25), signal)).rejected, []);
  assert.equal([receiver.events.size, receiver.repeats], [25, 0]);
});

test('one success is enough, over a restart too, until the settings change', async ({ receiver }) => {
  const tools = sinkTools();
  await (await open(receiver, {}, tools)).write(events(1), signal);
  receiver.always = { status: 400, body: 'the signature is not valid' };
  const later = await (await open(receiver, {}, tools)).write(mixed(25), signal);
  assert.is(later.rejected?.length, 25);
  const changed = await open(receiver, { signed: false }, tools);
  assert.instance(await thrown(changed.write(mixed(25), signal)), SetupError);
});

test('a success that cannot be kept is no fault of the write, and the next one is kept', async ({ receiver }) => {
  const keyValues = rememberingMemory();
  const full: KeyValues = { ...keyValues, put: () => Promise.reject(new FullError('the disk is full')) };
  const session = await open(receiver, {}, sinkTools({ keyValues: full }));
  assert.equal((await session.write(events(2), signal)).rejected, []);
  receiver.refuses = ({ size }) => Number(size) > 0;
  assert.is((await session.write(mixed(25).slice(1), signal)).rejected?.length, 24);
  assert.is(keyValues.entries.size, 0);
  full.put = keyValues.put;
  await session.write(events(1), signal);
  assert.is(keyValues.entries.size, 1);
});

test.run();
