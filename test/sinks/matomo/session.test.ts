import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SetupError, TransientError } from '../../../src/errors.js';
import type { Event } from '../../../src/events/event.js';
import { openSession } from '../../../src/sinks/matomo/session.js';
import { address } from '../../helpers/address.js';
import { MatomoServer } from '../../helpers/servers/matomo.js';
import { eventOf, rememberingMemory, sinkTools } from '../../helpers/sink-session.js';
import { thrown } from '../../helpers/thrown.js';

const signal = new AbortController().signal;
const test = suite<{ server: MatomoServer }>('Matomo session');

test.before.each(async context => {
  context.server = new MatomoServer();
  await context.server.start();
});
test.after.each(async ({ server }) => {
  await server.stop();
  assert.equal(server.violations, []);
});

function open(server: MatomoServer, tools = sinkTools(), onAmbiguous: 'resend' | 'skip' = 'resend') {
  const config = {
    siteId: 1,
    token: 'token-of-the-writer',
    siteUrl: 'https://clowder.example.org',
    idDimension: undefined,
    onAmbiguous,
  };
  return openSession({ ...config, url: address(server.origin) }, tools);
}

const events = (count: number): Event[] =>
  Array.from({ length: count }, (_, index) =>
    eventOf(
      { category: 'upload', resource_name: `file ${index}`, created: 1_700_000_000_000 },
      { id: `event-${index}` },
    ),
  );
const names = (server: MatomoServer): (string | undefined)[] => server.hits.map(({ e_n }) => e_n);

test('the token goes in the body alone, old events keep their time', async ({ server }) => {
  await (await open(server)).write(events(2), signal);
  for (const { url, headers, body } of server.asked) {
    assert.not.match(`${url}${JSON.stringify(headers)}`, 'token-of-the-writer');
    assert.match(body, 'token-of-the-writer');
  }
  assert.equal(
    server.hits.map(({ cdt }) => cdt),
    ['1700000000', '1700000000'],
  );
});

test('what was tracked is not sent again, by another session either; twins go once', async ({ server }) => {
  const keyValues = rememberingMemory();
  const [one, two] = events(2);
  const first = await (await open(server, sinkTools({ keyValues }))).write([one!, two!, one!], signal);
  const second = await (await open(server, sinkTools({ keyValues }))).write(events(3), signal);
  assert.equal([first.duplicates, second.duplicates], [1, 2]);
  assert.equal(names(server), ['file 0', 'file 1', 'file 2']);
});

test('a super user hears what was left out: that is a dead letter, and nothing is sent twice', async ({ server }) => {
  server.refuses = ({ e_n }) => e_n === 'file 3';
  const { rejected } = await (await open(server)).write(events(6), signal);
  assert.equal(
    rejected?.map(({ index }) => index),
    [3],
  );
  assert.is(server.hits.length, 5);
});

test('nobody else does: then all of them are dead letters that say so, and nothing is sent twice', async ({
  server,
}) => {
  server.isSuperUser = false;
  server.refuses = ({ e_n }) => e_n === 'file 3';
  const { rejected = [] } = await (await open(server)).write(events(6), signal);
  assert.is(rejected.length, 6);
  assert.match(rejected[0]?.reason ?? '', /tracked 5 of 6 .* the token of a super user alone which/);
  assert.is(server.hits.length, 5);
});

test('a batch that fails whole is halved down to the one', async ({ server }) => {
  server.isSuperUser = false;
  server.chokes = ({ e_n }) => e_n === 'file 5';
  const { rejected } = await (await open(server)).write(events(8), signal);
  assert.equal(
    rejected?.map(({ index }) => index),
    [5],
  );
  assert.is(new Set(names(server)).size, 7);
  assert.is(server.hits.length, 7);
});

for (const isSuperUser of [true, false]) {
  test(`a website that takes nothing holds the stream until it does, ${isSuperUser ? '' : 'no '}super user`, async ({
    server,
  }) => {
    const tools = sinkTools();
    const mixed = (name: string): Event[] =>
      Array.from({ length: 25 }, (_, index) =>
        eventOf({ category: index % 2 === 0 ? 'upload' : 'download' }, { id: `${name}-${index}` }),
      );
    server.isSuperUser = isSuperUser;
    server.refuses = () => true;
    const error = await thrown((await open(server, tools)).write(mixed('one'), signal));
    assert.instance(error, SetupError);
    assert.match(error.message, /"tracked":0.*to all 25 events.*MATOMO_CATEGORIES/);
    const tries = server.asked.filter(({ url }) => url.pathname === '/matomo.php').length;
    assert.is(tries, 1, 'each of them was refused: halves would be, too');
    server.refuses = () => false;
    assert.equal((await (await open(server, tools)).write(mixed('one'), signal)).rejected, []);
    assert.is(server.hits.length, 25);
    server.refuses = () => true;
    assert.is((await (await open(server, tools)).write(mixed('two'), signal)).rejected?.length, 25);
  });
}

test('a wrong token or site is for a person, before anything is tracked', async ({ server }) => {
  server.token = 'another';
  const wrong = await thrown((await open(server)).write(events(1), signal));
  assert.instance(wrong, SetupError);
  assert.match(wrong.message, /check MATOMO_TOKEN and MATOMO_SITE_ID/);
  assert.not.match(wrong.message, 'token-of-the-writer');
  server.token = 'token-of-the-writer';
  server.sites.clear();
  assert.instance(await thrown((await open(server)).probe(signal)), SetupError);
  assert.equal(server.hits, []);
});

for (const [what, fault] of [
  ['a page', { status: 200, body: '<html>' }],
  ['an error', { status: 200, body: '{"status":"error","tracked":0,"invalid":0}' }],
  ['a redirect', { status: 302, headers: { location: '/' } }],
  ['too many', { status: 429, headers: { 'retry-after': '9' } }],
] as const) {
  test(`${what} in place of an answer holds the batch`, async ({ server }) => {
    const session = await open(server);
    await session.write(events(1), signal);
    server.faults.push(fault);
    const error = await thrown(session.write([eventOf({ category: 'x' }, { id: 'next' })], signal));
    assert.instance(error, what === 'a redirect' ? SetupError : TransientError);
    if (what === 'too many') assert.is((error as TransientError).retryAfterMs, 9_000);
  });
}

test('no answer to what was tracked: counted twice, or with "skip" not again', async ({ server }) => {
  const session = await open(server);
  await session.write(events(1), signal);
  const other = eventOf({ category: 'x', resource_name: 'other' }, { id: 'other' });
  server.faults.push({ cut: 'before', processed: true });
  assert.instance(await thrown(session.write([other], signal)), TransientError);
  await session.write([other], signal);
  assert.is(names(server).filter(name => name === 'other').length, 2);

  const skipping = await open(server, sinkTools(), 'skip');
  await skipping.write(events(1), signal);
  const last = eventOf({ category: 'x', resource_name: 'last' }, { id: 'last' });
  server.faults.push({ cut: 'before', processed: true });
  await skipping.write([last], signal);
  assert.is((await skipping.write([last], signal)).duplicates, 1);
  assert.is(names(server).filter(name => name === 'last').length, 1);
});

test.run();
