import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { describe, SetupError, TransientError } from '../../src/errors.js';
import type { Event } from '../../src/events/event.js';
import type { SinkSession, WriteResult } from '../../src/sinks/sink.js';
import { event, openMongoSink } from '../helpers/mongodb.js';
import { MongoStandIn, type StandInFault } from '../helpers/servers/mongodb/stand-in.js';
import { until } from '../helpers/wait.js';

const never = new AbortController().signal;
const outcome = suite<{ server: MongoStandIn; session: SinkSession }>('mongodb: every answer of the server');

outcome.before.each(async context => {
  context.server = new MongoStandIn();
  await context.server.listen();
  context.session = await openMongoSink(context.server.uri);
});

outcome.after.each(async ({ server, session }) => {
  await session.close();
  await server.stop();
});

const batch = (...ids: string[]) => ids.map(id => event(id));
const stored = (server: MongoStandIn) =>
  server
    .collection('eventsink', 'events')
    .find({})
    .map(({ _id }) => _id)
    .sort();

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    return { resolved: await work };
  } catch (error) {
    return error;
  }
}

/**
 * Aborts this long after the server got an insert: given up before, a write would leave the server's fault to the next.
 */
function afterInsert(server: MongoStandIn, ms: number): AbortSignal {
  const abort = new AbortController();
  void until(() => server.commands.some(({ insert }) => insert), 'an insert').then(() =>
    setTimeout(() => abort.abort(), ms),
  );
  return abort.signal;
}

interface WholeBatch {
  readonly name: string;
  readonly fault: StandInFault;
  readonly throws: typeof TransientError | typeof SetupError;
  readonly says: RegExp;
  /** The driver takes it for the beginning of a long answer: only the deadline ends it. */
  readonly waits?: boolean;
}

const command = (code: number, errmsg: string, more: object = {}): StandInFault => ({
  answer: { ok: 0, code, codeName: 'Some', errmsg, ...more },
});
const transientCodes = [6, 7, 50, 64, 79, 89, 91, 112, 134, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436, 14031];
const garbage = (bytes: Buffer): StandInFault => ({ garbage: bytes });
const size = (length: number): Buffer => {
  const head = Buffer.alloc(21);
  head.writeInt32LE(length, 0);
  head.writeInt32LE(2013, 12);
  return head;
};

outcome('the same id with another content is a conflict: the first one stays', async ({ server, session }) => {
  const [a, b, c] = batch('a', 'b', 'c') as [Event, Event, Event];
  assert.is((await session.write([a, b, c], never)).conflicts, undefined);
  const changed = (one: Event, changes: Partial<Event> = {}): Event => ({
    ...one,
    fields: { ...one.fields, size: 99 },
    ...changes,
  });
  const later = { ...a, created: a.created + 1, fields: { ...a.fields, created: a.created + 1 } };
  const result = await session.write([later, changed(b), changed(c, { source: 'health' })], never);
  assert.is(result.duplicates, 3);
  assert.equal(result.conflicts, [1]);
  const [kept] = server.collection('eventsink', 'events').find({ _id: 'b' });
  assert.is.not(kept?.size, 99);
});

const wholeBatch: WholeBatch[] = [
  ...transientCodes.map(code => ({
    name: `code ${code} for the command`,
    fault: command(code, 'not now'),
    throws: TransientError,
    says: /cannot take it now: not now/,
  })),
  {
    name: 'an unknown code with the label RetryableWriteError',
    fault: command(987_654, 'new kind', { errorLabels: ['RetryableWriteError'] }),
    throws: TransientError,
    says: /new kind/,
  },
  {
    name: 'code 13',
    fault: command(13, 'not authorized on eventsink'),
    throws: SetupError,
    says: /readWrite.*not authoriz/,
  },
  {
    name: 'code 18',
    fault: command(18, 'Authentication failed.'),
    throws: SetupError,
    says: /password of MONGODB_URI/,
  },
  { name: 'code 73', fault: command(73, 'Invalid namespace'), throws: SetupError, says: /not a valid name/ },
  { name: 'code 166', fault: command(166, 'is a view'), throws: SetupError, says: /name a collection/ },
  { name: 'code 8000', fault: command(8000, 'over your space quota'), throws: SetupError, says: /quota/ },
  {
    name: 'a write concern error',
    fault: { writeConcernError: { code: 64, errmsg: 'waiting for replication timed out' } },
    throws: TransientError,
    says: /not confirmed: waiting for replication/,
  },
  {
    name: 'a connection that ends before the command',
    fault: { drop: true },
    throws: TransientError,
    says: /connection/,
  },
  { name: 'a connection that ends in mid-answer', fault: { cut: true }, throws: TransientError, says: /connection/ },
  {
    name: 'bytes that are no protocol',
    fault: garbage(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')),
    throws: TransientError,
    says: /given up/,
    waits: true,
  },
  { name: 'a negative length', fault: garbage(size(-5)), throws: TransientError, says: /./ },
  {
    name: 'a body that is no BSON',
    fault: garbage(Buffer.concat([size(41), Buffer.alloc(20, 7)])),
    throws: TransientError,
    says: /./,
  },
];

for (const { name, fault, throws, says, waits = false } of wholeBatch) {
  outcome(`${name}: the whole batch again (${throws.name})`, async ({ server, session }) => {
    server.fail('insert', fault);
    const signal = waits ? afterInsert(server, 200) : AbortSignal.timeout(20_000);
    const error = await failureOf(session.write(batch('a', 'b', 'c'), signal));
    assert.instance(error, throws);
    assert.match(describe(error), says);
    assert.is(signal.aborted, waits);
    await session.close();
    const next = await openMongoSink(server.uri);
    const result = await next.write(batch('a', 'b', 'c'), never);
    await next.close();
    assert.equal(result.rejected, []);
    assert.equal(stored(server), ['a', 'b', 'c']);
  });
}

outcome('a code that nobody knows, for the whole command, is a bug', async ({ server, session }) => {
  server.fail('insert', command(987_654, 'what is this'));
  const error = await failureOf(session.write(batch('a', 'b'), never));
  assert.instance(error, Error);
  assert.not.instance(error, TransientError);
  assert.not.instance(error, SetupError);
  assert.match(describe(error), /unknown code 987654: what is this/);
  assert.not.match(JSON.stringify(error), /65c5ea71554c774daf7fab32/, 'no document in the error');
});

interface OneDocument {
  readonly name: string;
  readonly refusal: { code: number; errmsg: string; errInfo?: object };
  readonly reason: RegExp;
}

const oneDocument: OneDocument[] = [
  {
    name: '121 with its details',
    refusal: { code: 121, errmsg: 'Document failed validation', errInfo: { details: { operatorName: '$jsonSchema' } } },
    reason: /^Document failed validation .*jsonSchema/,
  },
  { name: '2', refusal: { code: 2, errmsg: "invalid key: 'a.b'" }, reason: /^invalid key: 'a.b'$/ },
  { name: '10334', refusal: { code: 10334, errmsg: 'BSONObj size is invalid' }, reason: /BSONObj size/ },
  { name: '53', refusal: { code: 53, errmsg: 'bad _id' }, reason: /bad _id/ },
  { name: 'a code that nobody knows', refusal: { code: 987_654, errmsg: 'strange' }, reason: /^strange$/ },
];

for (const { name, refusal, reason } of oneDocument) {
  outcome(`${name} for one document: that one is rejected`, async ({ server, session }) => {
    server.refuse = document => (document._id === 'b' ? refusal : undefined);
    const { rejected = [], duplicates } = await session.write(batch('a', 'b', 'c'), never);
    assert.equal(
      rejected.map(({ index }) => index),
      [1],
    );
    assert.match(rejected[0]!.reason, reason);
    assert.is(duplicates, 0);
    assert.equal(stored(server), ['a', 'c']);
  });
}

for (const code of [112, 189, 10107, 14031]) {
  outcome(`${code} for one document is no fault of it: the whole batch again`, async ({ server, session }) => {
    server.refuse = document => (document._id === 'b' ? { code, errmsg: 'not now' } : undefined);
    assert.instance(await failureOf(session.write(batch('a', 'b', 'c'), never)), TransientError);
  });
}

outcome('a redelivery changes nothing and is counted', async ({ server, session }) => {
  assert.equal(await session.write(batch('a', 'b'), never), { rejected: [], duplicates: 0 });
  assert.equal(await session.write(batch('a', 'b', 'c'), never), { rejected: [], duplicates: 2 });
  assert.equal(stored(server), ['a', 'b', 'c']);
});

outcome('the same event twice in one batch is one document', async ({ server, session }) => {
  assert.equal(await session.write(batch('a', 'a', 'b'), never), { rejected: [], duplicates: 1 });
  assert.equal(stored(server), ['a', 'b']);
});

outcome('duplicates beside a write concern error are not confirmed', async ({ server, session }) => {
  await session.write(batch('a'), never);
  server.fail('insert', { writeConcernError: { code: 64, errmsg: 'waiting for replication timed out' } });
  assert.instance(await failureOf(session.write(batch('a', 'b'), never)), TransientError);
});

const otherIndex = { name: 'serial_1', key: { serial: 1 }, unique: true };

outcome(
  'a duplicate on another unique index is rejected, unless the event itself is there',
  async ({ server, session }) => {
    server.collection('eventsink', 'events').addIndex(otherIndex);
    const first = event('a', { serial: 7 });
    await session.write([first], never);
    const clash = await session.write([event('b', { serial: 7 }), event('c', { serial: 8 })], never);
    assert.equal(
      clash.rejected?.map(({ index }) => index),
      [0],
    );
    assert.match(clash.rejected![0]!.reason, 'serial_1');
    // The server may look at the other index first.
    server.refuse = ({ serial }) =>
      serial === 7 ? { code: 11_000, errmsg: 'E11000 … index: serial_1 dup key' } : undefined;
    assert.equal(await session.write([first], never), { rejected: [], duplicates: 1 });
  },
);

outcome('a server that does not name the index is asked which event is there', async ({ server, session }) => {
  await session.write(batch('a'), never);
  const errmsg = 'E11000 duplicate key error collection: eventsink.events';
  server.refuse = ({ _id }) => (_id === 'c' ? undefined : { code: 11_000, errmsg });
  const result = await session.write(batch('a', 'b', 'c'), never);
  assert.equal(result, { rejected: [{ index: 1, reason: errmsg }], duplicates: 1 });
});

outcome('a value cannot pass for the name of the index', async ({ server, session }) => {
  const errmsg = 'E11000 duplicate key error collection: e.e index: x_1 dup key: { x: " index: _id_ dup key" }';
  server.refuse = () => ({ code: 11_000, errmsg });
  const { rejected, duplicates } = await session.write(batch('a'), never);
  assert.is(rejected?.length, 1);
  assert.is(duplicates, 0);
});

outcome('500 with 7 bad in any positions: 493 once, 7 reasons', async ({ server, session }) => {
  server.collection('eventsink', 'events').addIndex(otherIndex);
  await session.write([event('first', { serial: 7 })], never);
  const events = Array.from({ length: 500 }, (_, index) => event(`e${index}`, { serial: 1000 + index }));
  const bad = new Map<number, [fields: Record<string, unknown>, reason: RegExp]>([
    [0, [{ serial: 7 }, /serial_1/]],
    [1, [{ 'a\0b': 1 }, /NUL/]],
    [250, [{ refuse: true }, /Document failed validation/]],
    [251, [{ 'half \ud83d': 1 }, /surrogate/]],
    [252, [{ serial: 7 }, /serial_1/]],
    [498, [nested(150), /deeper than 100/]],
    [499, [{ refuse: true }, /Document failed validation/]],
  ]);
  for (const [index, [fields]] of bad) events[index] = event(`e${index}`, fields);
  server.refuse = ({ refuse }) => (refuse ? { code: 121, errmsg: 'Document failed validation' } : undefined);
  const check = ({ rejected = [] }: WriteResult): void => {
    assert.equal(
      rejected.map(({ index }) => index).sort((a, b) => a - b),
      [...bad.keys()],
    );
    for (const { index, reason } of rejected) assert.match(reason, bad.get(index)![1]);
  };
  const first = await session.write(events, never);
  check(first);
  assert.is(first.duplicates, 0);
  const again = await session.write(events, never);
  check(again);
  assert.is(again.duplicates, 493);
  assert.is(stored(server).length, 494);
});

outcome('a document of 16 MiB is rejected, the rest goes on', async ({ server, session }) => {
  const result = await session.write([event('big', { text: 'x'.repeat(16 * 1024 * 1024) }), event('small')], never);
  assert.equal(
    result.rejected?.map(({ index }) => index),
    [0],
  );
  assert.match(result.rejected![0]!.reason, /16777216/);
  assert.equal(stored(server), ['small']);
});

outcome('a batch of nothing but bad events asks the server nothing', async ({ server, session }) => {
  const { rejected } = await session.write([event('a', { 'x\0': 1 })], never);
  assert.is(rejected?.length, 1);
  assert.not(server.commands.some(({ insert }) => insert));
});

outcome('documents are to be on the disks of a majority', async ({ server, session }) => {
  await session.write(batch('a'), never);
  const insert = server.commands.find(({ insert }) => insert)!;
  assert.equal(insert.writeConcern, { w: 'majority', j: true, wtimeout: 20_000 });
  assert.is(insert.ordered, false);
});

outcome('gives up on the signal, and a retry doubles nothing', async ({ server, session }) => {
  server.fail('insert', { hang: true });
  assert.instance(await failureOf(session.write(batch('a', 'b'), afterInsert(server, 0))), TransientError);
  await session.close();
  const next = await openMongoSink(server.uri);
  assert.equal(await next.write(batch('a', 'b'), never), { rejected: [], duplicates: 2 });
  await next.close();
  assert.equal(stored(server), ['a', 'b']);
});

outcome('a slow answer is waited for', async ({ server, session }) => {
  server.fail('insert', { delayMs: 100 });
  assert.equal(await session.write(batch('a'), never), { rejected: [], duplicates: 0 });
});

outcome('a server that is gone is transient, for writing, probing and opening', async ({ server, session }) => {
  const other = await openMongoSink(server.uri);
  await server.stop();
  assert.instance(await failureOf(session.write(batch('a'), AbortSignal.timeout(200))), TransientError);
  assert.instance(await failureOf(other.probe(AbortSignal.timeout(200))), TransientError);
  // As its owner would: the driver of a session that is used on would still send what was given up.
  await Promise.all([session.close(), other.close()]);
  const opening = openMongoSink(`${server.uri}&serverSelectionTimeoutMS=200`);
  assert.instance(await failureOf(opening), TransientError);
  await server.listen();
  const next = await openMongoSink(server.uri);
  await next.probe(never);
  assert.equal(await next.write(batch('a'), never), { rejected: [], duplicates: 0 });
  await next.close();
});

outcome('close ends also when the server hangs, and twice', async ({ server, session }) => {
  await session.write(batch('a'), never);
  server.fail('endSessions', { hang: true });
  await session.close();
  assert.is(await session.close(), undefined);
});

outcome.run();

function nested(levels: number): Record<string, unknown> {
  let value: Record<string, unknown> = {};
  for (let level = 1; level < levels; level++) value = { deeper: value };
  return value;
}
