import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SetupError, TransientError } from '../../../src/errors.js';
import { decode } from '../../../src/events/decode.js';
import type { Event } from '../../../src/events/event.js';
import { readPostgresAddress } from '../../../src/sinks/postgresql/address.js';
import { openCheck, openSession, type PostgresConfig } from '../../../src/sinks/postgresql/session.js';
import type { SinkSession } from '../../../src/sinks/sink.js';
import { startPostgreSQL } from '../../helpers/servers/postgresql.js';
import { sinkTools } from '../../helpers/sink-session.js';
import { required } from '../../helpers/skip.js';
import { thrown } from '../../helpers/thrown.js';
import { until } from '../../helpers/wait.js';

const postgresql = required('postgresql', await startPostgreSQL(['wal_level=minimal', 'max_wal_senders=0']));
const signal = new AbortController().signal;

const test = suite<{ database: string; session: SinkSession | undefined }>('PostgreSQL session');
let databases = 0;

test.before(async () => {
  await postgresql.query(`CREATE ROLE sink LOGIN PASSWORD 'password-of-the-sink'`);
});
test.before.each(async context => {
  databases += 1;
  context.database = `events_${databases}`;
  await postgresql.makeDatabase(context.database);
});
test.after.each(async context => {
  await context.session?.close();
  context.session = undefined;
});
test.after(() => postgresql.stop());

function config(database: string, table = 'events', password = 'password-of-the-sink'): PostgresConfig {
  const address = readPostgresAddress(postgresql.uri({ user: 'sink', password, database }));
  if ('flaw' in address) throw new Error(address.flaw);
  return { address, table };
}

const allow = (database: string) => postgresql.query('GRANT CREATE ON SCHEMA public TO sink', database);

async function open(context: { database: string; session: SinkSession | undefined }, table?: string) {
  await allow(context.database);
  context.session = await openSession(config(context.database, table), sinkTools());
  return context.session;
}

function event(id: string, body: string): Event {
  const found = decode({ id, body, source: 'http', received: 1_700_000_000_500 }, 1_700_000_000_500);
  if (found.kind !== 'event') throw new Error(`not an event: ${body}`);
  return found.event;
}

test('one row an event: typed columns beside JSONB, digits and times kept', async context => {
  const session = await open(context);
  const body = `{"category":"view","type":"dataset","created":1709544703342,"user_id":"ann","resource_id":"r","n":12345678901234567890.125,"text":"x\\u0000'\\"\\\\{}"}`;
  await session.write([event('one', body)], signal);
  const [row] = await postgresql.query(
    `SELECT id, created = '2024-03-04 09:31:43.342Z' AS timely, category, type, user_id, resource_id, dataset_id, source, body->>'n' AS n, body->>'text' AS text FROM events`,
    context.database,
  );
  assert.equal(row, {
    ...{ id: 'one', timely: true, category: 'view', type: 'dataset', user_id: 'ann', resource_id: 'r' },
    ...{ dataset_id: null, source: 'http', n: '12345678901234567890.125', text: `x\ufffd'"\\{}` },
  });
});

test('twins are one row; another body under a known id is a conflict, and the first stays', async context => {
  const session = await open(context);
  const one = event('one', '{"category":"upload","size":1}');
  const result = await session.write(
    [one, one, event('two', '{"category":"upload","size":2}'), event('two', '{"category":"upload","size":3}')],
    signal,
  );
  assert.equal([result.rejected, result.duplicates, result.conflicts], [[], 2, [3]]);
  const again = await session.write(
    [
      event('one', '{"size":1,"category":"upload","created":1}'),
      event('two', '{"category":"upload","size":2.0}'),
      { ...event('one', '{"category":"other"}'), source: 'nginx' },
    ],
    signal,
  );
  assert.equal([again.duplicates, again.conflicts], [3, []]);
  assert.equal(await postgresql.query(`SELECT id, body->'size' AS size FROM events ORDER BY id`, context.database), [
    { id: 'one', size: 1 },
    { id: 'two', size: 2 },
  ]);
});

test('what was only known beside an event may have grown: that is no conflict', async context => {
  const session = await open(context);
  const one = event('one', '{"category":"upload"}');
  const known = { ...one, fields: { ...one.fields, dataset_id: 'd' }, context: { dataset_id: 'd' } };
  await session.write([one], signal);
  assert.equal((await session.write([known], signal)).conflicts, []);
});

test('what the owner of the table refuses is a dead letter in the words of the server, the rest is stored', async context => {
  const session = await open(context);
  await postgresql.query(`ALTER TABLE events ADD CHECK (category <> 'bad')`, context.database);
  const events = Array.from({ length: 20 }, (_, index) =>
    event(`event-${index}`, `{"category":"${index === 7 ? 'bad' : 'upload'}"}`),
  );
  const { rejected = [] } = await session.write(events, signal);
  assert.equal(
    rejected.map(({ index }) => index),
    [7],
  );
  assert.match(rejected[0]?.reason ?? '', /PostgreSQL refused it: .*violates check constraint.*\(23514\)/);
  assert.equal(await postgresql.query('SELECT count(*)::int AS n FROM events', context.database), [{ n: 19 }]);
});

test('a name that jsonb cannot hold is refused here', async context => {
  const session = await open(context);
  const { rejected } = await session.write([event('a', '{"x\\u0000":1}'), event('b', '{}')], signal);
  assert.equal(
    rejected?.map(({ index }) => index),
    [0],
  );
});

test('the rights of a table that somebody else made are enough; none to make one is a fault of the setup', async context => {
  const { database } = context;
  const mine = config(database);
  const refused = await thrown(openSession(mine, sinkTools()));
  assert.instance(refused, SetupError);
  assert.match(refused.message, /CREATE on its schema/);
  const check = await openCheck(mine);
  assert.match((await thrown(check.probe(signal))).message, /there is no table "events", and the user may not make it/);
  await allow(database);
  await check.probe(signal);
  await (await openSession(mine, sinkTools())).close();
  await postgresql.query(
    'REVOKE CREATE ON SCHEMA public FROM sink; ALTER TABLE events OWNER TO admin; GRANT SELECT, INSERT ON events TO sink',
    database,
  );
  await check.probe(signal);
  await check.close();
  context.session = await openSession(mine, sinkTools());
  await context.session.write([event('one', '{}')], signal);
  await postgresql.query('REVOKE INSERT ON events FROM sink', database);
  assert.match((await thrown(context.session.probe(signal))).message, /grant the user SELECT and INSERT/);
});

test('a table that is another one, a database that is not there, a wrong password: each is named, no secret is', async ({
  database,
}) => {
  await postgresql.query('CREATE TABLE taken (id int); GRANT ALL ON taken TO sink', database);
  const check = await openCheck(config(database, 'taken'));
  assert.match((await thrown(check.probe(signal))).message, /other columns: name another one in POSTGRESQL_TABLE/);
  await check.close();
  for (const [wrong, words] of [
    [config('nowhere'), /create the database/],
    [config(database, 'nowhere.events'), /create the schema/],
    [config(database, 'events', 'not-the-password'), /check user and password in POSTGRESQL_URI/],
  ] as const) {
    const error = await thrown(openSession(wrong, sinkTools()));
    assert.instance(error, SetupError);
    assert.match(error.message, words);
    assert.not.match(error.message, /not-the-password|password-of-the-sink/);
  }
});

test('a standby, a server that is not there and a statement that hangs are waited for', async context => {
  const session = await open(context);
  await postgresql.query('ALTER ROLE sink SET default_transaction_read_only = on');
  const standby = await openSession(config(context.database), sinkTools());
  assert.instance(await thrown(standby.write([event('one', '{}')], signal)), TransientError);
  await standby.close();
  await postgresql.query('ALTER ROLE sink RESET default_transaction_read_only');

  const lock = postgresql.query('BEGIN; LOCK TABLE events; SELECT pg_sleep(600)', context.database).catch(() => {});
  await until(
    async () =>
      (await postgresql.query(`SELECT FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted`, context.database))
        .length > 0,
    'the lock',
  );
  const hurried = new AbortController();
  setTimeout(() => hurried.abort(), 100);
  assert.instance(await thrown(session.write([event('one', '{}')], hurried.signal)), TransientError);
  await postgresql.kill9();
  assert.instance(await thrown(session.write([event('one', '{}')], signal)), TransientError);
  assert.instance(await thrown(openSession(config(context.database), sinkTools())), TransientError);
  await lock;
  await postgresql.start();
});

test('what is stored is on disk, though the server answers before; a table with a schema; encrypted where it can be', async context => {
  await postgresql.query('CREATE SCHEMA usage AUTHORIZATION sink', context.database);
  await postgresql.query('ALTER ROLE sink SET synchronous_commit = off');
  const plain = config(context.database, 'usage.events');
  await (await openSession(plain, sinkTools())).close();
  await postgresql.query(
    `ALTER TABLE usage.events ADD CHECK (current_setting('synchronous_commit') = 'on')`,
    context.database,
  );
  context.session = await openSession({ ...plain, address: { ...plain.address, sslMode: 'prefer' } }, sinkTools());
  assert.equal((await context.session.write([event('one', '{}')], signal)).rejected, []);
  await postgresql.query('ALTER ROLE sink RESET synchronous_commit');
  assert.equal(await postgresql.query('SELECT id FROM usage.events', context.database), [{ id: 'one' }]);
  const required = { ...plain, address: { ...plain.address, sslMode: 'verify-full' as const } };
  const error = await thrown(openSession(required, sinkTools()));
  assert.instance(error, SetupError);
  assert.match(error.message, 'does not support SSL');
});

test.run();
