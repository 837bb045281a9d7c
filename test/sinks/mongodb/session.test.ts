import type { TopologyDescription } from 'mongodb';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { describe, SetupError, TransientError } from '../../../src/errors.js';
import type { Log } from '../../../src/log.js';
import { Faults } from '../../../src/sinks/mongodb/fault.js';
import { event, openMongoSink } from '../../helpers/mongodb.js';
import { MongoStandIn } from '../../helpers/servers/mongodb/stand-in.js';
import { until } from '../../helpers/wait.js';

const never = new AbortController().signal;
const session = suite<{ server: MongoStandIn }>('mongodb: opening, permissions, indexes');

session.before.each(async context => {
  context.server = new MongoStandIn();
  await context.server.listen();
});

session.after.each(({ server }) => server.stop());

const withUser = (server: MongoStandIn, user: string, password: string) =>
  server.uri.replace('mongodb://', `mongodb://${user}:${password}@`);

async function errorOf(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    return error as Error;
  }
  throw new Error('should have failed');
}

session('the right password opens, writes and probes', async ({ server }) => {
  server.users.set('sink', 'p@ss');
  const opened = await openMongoSink(withUser(server, 'sink', 'p%40ss'));
  await opened.probe(never);
  assert.equal(await opened.write([event('a')], never), { rejected: [], duplicates: 0 });
  await opened.close();
});

session(
  'a wrong password is a setup error that does not tell it, and fixed at the server it flows',
  async ({ server }) => {
    server.users.set('sink', 'right-one');
    const uri = withUser(server, 'sink', 'wrong-one');
    const attempt = async () => {
      const opened = await openMongoSink(uri);
      try {
        await opened.probe(never);
        return await opened.write([event('a')], never);
      } finally {
        await opened.close();
      }
    };
    const error = await errorOf(attempt());
    assert.instance(error, SetupError);
    assert.match(error.message, /password of MONGODB_URI refused/);
    assert.not.match(`${describe(error)} ${error.stack}`, /wrong-one/);
    server.users.set('sink', 'wrong-one');
    assert.equal(await attempt(), { rejected: [], duplicates: 0 });
  },
);

session('no password at a server that wants one is a setup error', async ({ server }) => {
  server.users.set('sink', 'secret');
  const opened = await openMongoSink(server.uri);
  assert.instance(await errorOf(opened.write([event('a')], never)), SetupError);
  assert.instance(await errorOf(opened.probe(never)), SetupError);
  await opened.close();
});

session('a user that may only read: probe and write say what to grant, and pass once granted', async ({ server }) => {
  server.users.set('sink', 'secret');
  server.readers.add('sink');
  const opened = await openMongoSink(withUser(server, 'sink', 'secret'));
  for (const work of [() => opened.write([event('a')], never), () => opened.probe(never)]) {
    const error = await errorOf(work());
    assert.instance(error, SetupError);
    assert.match(error.message, 'readWrite');
  }
  server.readers.clear();
  await opened.probe(never);
  assert.equal(await opened.write([event('a')], never), { rejected: [], duplicates: 0 });
  await opened.close();
});

session('probe passes where the server has no list of permissions', async ({ server }) => {
  const opened = await openMongoSink(server.uri);
  server.fail('connectionStatus', { answer: { ok: 0, code: 59, errmsg: 'no such command' } });
  assert.is(await opened.probe(never), undefined);
  await opened.close();
});

session('nobody there: transient, with the address, without the password', async ({ server }) => {
  const uri = `${withUser(server, 'sink', 'hidden-word')}&serverSelectionTimeoutMS=100`;
  await server.stop();
  const error = await errorOf(openMongoSink(uri));
  assert.instance(error, TransientError);
  assert.match(error.message, `127.0.0.1:${server.port}`);
  assert.not.match(describe(error), 'hidden-word');
});

session('an option that the driver does not know is a setup error without the password', async () => {
  const error = await errorOf(openMongoSink('mongodb://sink:hidden-word@127.0.0.1/?color=blue'));
  assert.instance(error, SetupError);
  assert.match(error.message, /MONGODB_URI is not accepted: .*color/);
  assert.not.match(describe(error), 'hidden-word');
});

session('a server of another age is a setup error', async ({ server }) => {
  const answer = { ismaster: true, helloOk: true, minWireVersion: 0, maxWireVersion: 5, ok: 1 };
  for (const hello of ['hello', 'ismaster']) server.fail(hello, ...Array.from({ length: 20 }, () => ({ answer })));
  const error = await errorOf(openMongoSink(`${server.uri}&serverSelectionTimeoutMS=300`));
  assert.instance(error, SetupError);
  assert.match(error.message, /wire version/);
});

session('a certificate that is not accepted is a setup error', async () => {
  const cause = Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  const driver = await import('mongodb');
  const failed = new driver.MongoNetworkError('self-signed certificate', { cause });
  const servers = new Map([['a.example.org:27017', { error: failed }]]);
  const reason = { servers } as unknown as TopologyDescription;
  const error = new Faults(driver, []).of(new driver.MongoServerSelectionError('Server selection timed out', reason));
  assert.instance(error, SetupError);
  assert.match((error as Error).message, /certificate not accepted: self-signed/);
});

const byTime = { created_at: 1 };
const byKind = { category: 1, type: 1, created_at: -1 };
const indexes = (server: MongoStandIn) => server.collection('eventsink', 'events').indexes;
const expiry = (server: MongoStandIn) =>
  indexes(server).find(({ key }) => JSON.stringify(key) === JSON.stringify(byTime))?.expireAfterSeconds;

session('makes the indexes that are missing, once', async ({ server }) => {
  for (let time = 0; time < 2; time++) {
    const opened = await openMongoSink(server.uri);
    await until(() => indexes(server).length === 3, 'three indexes');
    await until(
      () => server.commands.filter(({ listIndexes }) => listIndexes).length === time + 1,
      'a look at the indexes',
    );
    await opened.close();
  }
  assert.equal(
    indexes(server).map(({ key }) => key),
    [{ _id: 1 }, byTime, byKind],
  );
  assert.is(server.commands.filter(({ createIndexes }) => createIndexes).length, 2);
  assert.is(expiry(server), undefined);
});

session('time to live is set, changed, and not taken away by itself', async ({ server }) => {
  const lines: string[] = [];
  for (const [days, seconds] of [
    [undefined, undefined],
    [30, 2_592_000],
    [10, 864_000],
  ] as const) {
    const opened = await openMongoSink(server.uri, { ttlDays: days });
    await until(() => indexes(server).length === 3 && expiry(server) === seconds, `an expiry of ${seconds} s`);
    await opened.close();
  }
  const opened = await openMongoSink(server.uri, {}, logInto(lines));
  await until(() => lines.includes('index.expires'), 'a warning that documents expire');
  await opened.close();
  assert.is(expiry(server), 864_000);
});

session('without the permission to make indexes events flow, with a warning', async ({ server }) => {
  const lines: string[] = [];
  server.fail('listIndexes', { answer: { ok: 0, code: 13, errmsg: 'not authorized' } });
  const opened = await openMongoSink(server.uri, {}, logInto(lines));
  assert.equal(await opened.write([event('a')], never), { rejected: [], duplicates: 0 });
  await until(() => lines.includes('index.skipped'), 'a warning');
  await opened.close();
});

session('an index that takes its time delays no event, and closing meanwhile warns of nothing', async ({ server }) => {
  const lines: string[] = [];
  server.fail('createIndexes', { hang: true });
  const opened = await openMongoSink(server.uri, {}, logInto(lines));
  assert.equal(await opened.write([event('a')], never), { rejected: [], duplicates: 0 });
  await opened.close();
  assert.equal(lines, []);
});

session.run();

function logInto(lines: string[]): Log {
  const note = (_: object, line: string): void => void lines.push(line);
  const log: Log = { trace: note, debug: note, info: note, warn: note, error: note, fatal: note, child: () => log };
  return log;
}
