import { readdirSync, readFileSync } from 'node:fs';
import { type Collection, Decimal128, Long, MongoClient } from 'mongodb';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TransientError } from '../../src/errors.js';
import { decode } from '../../src/events/decode.js';
import type { Event } from '../../src/events/event.js';
import type { Message } from '../../src/events/message.js';
import type { StoredDocument } from '../../src/sinks/mongodb/document.js';
import { numberStore, withStoredNumbers } from '../../src/sinks/mongodb/numbers.js';
import { event, openMongoSink } from '../helpers/mongodb.js';
import { startMongoDB } from '../helpers/servers/mongodb.js';
import { until } from '../helpers/wait.js';

const server = await startMongoDB();
const database = `event_sink_test_${process.pid}`;
const never = new AbortController().signal;
const options = (collection: string) => ({ database, collection });

const integration = suite<{ client: MongoClient }>(`mongodb sink and ${server.kind}`);

integration.before.each(async context => {
  context.client = await new MongoClient(server.uri).connect();
});

integration.after.each(context => context.client.close());

integration.after(async () => {
  if (server.kind === 'external') {
    const client = new MongoClient(server.uri);
    await client.db(database).dropDatabase();
    await client.close();
  }
  await server.stop();
});

const storeNumber = numberStore({ Long, Decimal128 }, server.kind !== 'ferretdb');
const open = (collection: string) => openMongoSink(server.uri, options(collection));

function documents(client: MongoClient, collection: string): Collection<StoredDocument> {
  return client.db(database).collection<StoredDocument>(collection);
}

const ids = async (collection: Collection<StoredDocument>): Promise<string[]> =>
  (await collection.find({}).toArray()).map(({ _id }) => _id).sort();

/** Every recorded event, as a consumer hands it to the sink. */
function recorded(): Event[] {
  const bodies = readdirSync('fixtures/events').flatMap(name =>
    readFileSync(`fixtures/events/${name}`, 'utf8')
      .split('\n')
      .filter(line => line !== ''),
  );
  return ['Hello World!', ...bodies].map((body, index) => {
    const received = 1_710_000_000_000 + index;
    const message: Message = { id: `fixture-${String(index).padStart(3, '0')}`, body, source: 'replay', received };
    const decoded = decode(message, received);
    if (decoded.kind === 'undated') throw new Error('a stamp was given');
    return decoded.event;
  });
}

integration('every fixture, field by field, also when the same bytes come twice', async ({ client }) => {
  const session = await open('fixtures');
  const events = recorded();
  const first = await session.write(events, never);
  const second = await session.write(events, never);
  await session.close();
  const rejected = new Set(first.rejected?.map(({ index }) => index));
  if (server.kind !== 'ferretdb') assert.equal(first.rejected, []); // which refuses lists in lists, and names with a dot or a dollar
  assert.equal(second.rejected, first.rejected);
  assert.is(second.duplicates, events.length - rejected.size);
  const stored = new Map((await documents(client, 'fixtures').find({}).toArray()).map(found => [found._id, found]));
  assert.is(stored.size, events.length - rejected.size);
  for (const [index, sent] of events.entries()) {
    if (rejected.has(index)) continue;
    const { _id, created_at, ...fields } = stored.get(sent.id)!;
    assert.is(_id, sent.id);
    if (sent.text !== undefined) {
      assert.equal(fields, { created: sent.created, message: sent.text });
      continue;
    }
    assert.equal(created_at, new Date(sent.created));
    const renamed = Object.entries(
      sent.exact === undefined ? sent.fields : (withStoredNumbers(sent.exact, storeNumber) as object),
    ).map(([name, value]) => [name === '_id' ? '_id_original' : name, value]);
    // As text: in their order too, and with names (`constructor`) that mislead a comparison of objects.
    const expected = JSON.stringify(Object.fromEntries(renamed));
    assert.is(JSON.stringify(fields), expected.replaceAll(/\\ud[89a-f][0-9a-f]{2}/g, '\ufffd'));
  }
});

integration('500 with 7 that the server refuses: 493 once, 7 reasons, also the second time', async ({ client }) => {
  const collection = documents(client, 'refused');
  await collection.createIndex({ serial: 1 }, { unique: true });
  const session = await open('refused');
  await session.write([event('first', { serial: 7 })], never);
  const bad = [0, 1, 77, 249, 250, 498, 499];
  const events = Array.from({ length: 500 }, (_, index) =>
    event(`e${index}`, { serial: bad.includes(index) ? 7 : 1000 + index }),
  );
  for (const duplicates of [0, 493]) {
    const result = await session.write(events, never);
    assert.equal(
      result.rejected?.map(({ index }) => index),
      bad,
    );
    for (const { reason } of result.rejected ?? []) assert.match(reason, 'E11000');
    assert.is(result.duplicates, duplicates);
    assert.is(await collection.countDocuments(), 494);
  }
  await session.close();
});

integration('indexes are made', async ({ client }) => {
  const session = await open('indexed');
  await session.write([event('a')], never);
  const names = async () => (await documents(client, 'indexed').indexes()).map(({ name }) => name).sort();
  await until(async () => (await names()).length === 3, 'three indexes');
  assert.equal(await names(), ['_id_', 'category_1_type_1_created_at_-1', 'created_at_1']);
  await session.probe(never);
  await session.close();
});

// A server that somebody else runs is not ours to kill.
if (server.kind !== 'external') {
  integration('a server killed in mid-load and started again has every event once', async ({ client }) => {
    const batches = Array.from({ length: 12 }, (_, batch) =>
      Array.from({ length: 50 }, (_, index) =>
        event(`k${String(batch).padStart(2, '0')}-${String(index).padStart(2, '0')}`),
      ),
    );
    let killed = false;
    for (const [position, batch] of batches.entries()) {
      for (let done = false; !done; ) {
        try {
          const session = await openMongoSink(`${server.uri}&serverSelectionTimeoutMS=300`, options('killed'));
          try {
            const writing = session.write(batch, never);
            if (position === 5 && !killed) {
              killed = true;
              await server.kill9();
            }
            await writing;
            done = true;
          } finally {
            await session.close();
          }
        } catch (error) {
          assert.instance(error, TransientError);
          await server.restart();
        }
      }
      if (killed) await server.restart();
    }
    const all = batches.flat().map(({ id }) => id);
    assert.equal(await ids(documents(client, 'killed')), all);
  });
}

integration.run();
