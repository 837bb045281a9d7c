// timeout: 300 s
// shares: rabbitmq
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { connect } from 'amqplib';
import { MongoClient } from 'mongodb';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ErasureList, ErasurePreview, ErasureReceipt } from '../../openapi/api-types.js';
import { pseudonymsOf } from '../../src/people/personal-data.js';
import { TestDaemon } from '../helpers/daemon.js';
import { type Destinations, startDestinations } from '../helpers/destinations.js';
import { sharedRabbitMQ } from '../helpers/servers/rabbitmq.js';
import { required } from '../helpers/skip.js';
import { until } from '../helpers/wait.js';

/** Invented, and nowhere else in the events. */
const ada = { user_id: 'person-4711-of-ada', user_name: 'Ada Quillfeather' };
const asAuthor = { author_id: ada.user_id, author_name: ada.user_name };
const carl = { user_id: 'person-0815-of-carl', user_name: 'Carl Marshlake' };
const secret = 'a secret of the test that is long enough';
const pseudonyms = [ada.user_id, ada.user_name].flatMap(text => pseudonymsOf(secret, text));
const words = [ada.user_id, 'Quillfeather', ...pseudonyms];

const resource = { resource_id: '65a3dea71616158972863493', resource_name: 'corn.csv' };
const events = [
  { category: 'download', type: 'file', ...resource, ...ada, size: 17 },
  { category: 'upload', ...resource, ...ada, size: 17 },
  { category: 'download', type: 'file', ...resource, ...carl, ...asAuthor, size: 17 },
  {
    category: 'comment',
    ...carl,
    ...asAuthor,
    text: 'for Ada Quillfeather',
    nested: { owner: { name: ada.user_name } },
  },
  { category: 'download', type: 'file', ...resource, ...carl, size: 17 },
];

/** As Clowder and others publish, without ids: an event, and what is a dead letter of those who take events alone. */
async function publish(uri: string): Promise<void> {
  const connection = await connect(uri);
  const channel = await connection.createConfirmChannel();
  const bodies = [
    { ...events[0], created: Date.now() },
    `${ada.user_id} was here`,
    { ...carl, ...asAuthor, created: 'never' },
  ];
  for (const body of bodies)
    channel.publish('clowder.metrics', '', Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
  await channel.waitForConfirms();
  await connection.close();
}

/** Every file, and what is in those that are compressed. */
function bytesIn(dir: string): Buffer {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
  return Buffer.concat(
    files.map(({ parentPath, name }) => {
      const bytes = readFileSync(join(parentPath, name));
      return name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
    }),
  );
}

/** Everything that each destination, and the daemon, has, as text. */
async function held(daemon: TestDaemon, destinations: Destinations): Promise<Record<string, string>> {
  const client = await new MongoClient(destinations.mongodb.uri).connect();
  try {
    const documents = await client.db(destinations.database).collection('events').find().toArray();
    return {
      mongodb: JSON.stringify(documents),
      influxdb: JSON.stringify([
        await destinations.influxdb.query('SHOW SERIES', 'eventsink'),
        await destinations.influxdb.query('SELECT * FROM events', 'eventsink'),
      ]),
      amplitude: JSON.stringify(destinations.amplitude.accepted.map(({ user_id }) => user_id)),
      postgresql: JSON.stringify(await destinations.postgresql.query('SELECT * FROM events')),
      matomo: JSON.stringify(destinations.matomo.hits),
      archive: bytesIn(destinations.archive).toString(),
      dead: JSON.stringify(await daemon.json('/v1/dead-letters')),
      files: bytesIn(daemon.dir).toString('latin1'),
    };
  } finally {
    await client.close();
  }
}

const found = (texts: Readonly<Record<string, string>>): string[] =>
  Object.entries(texts).flatMap(([place, text]) =>
    words.filter(word => text.includes(word)).map(word => `${place}: ${word}`),
  );

async function ask<Answer>(daemon: TestDaemon, path: string, body?: object): Promise<Answer> {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await daemon.request(path, body === undefined ? {} : init);
  const text = await response.text();
  assert.ok(response.ok, text);
  const lines = response.headers.get('content-type') === 'application/x-ndjson';
  return (
    lines
      ? text
          .trimEnd()
          .split('\n')
          .map(line => JSON.parse(line))
      : JSON.parse(text)
  ) as Answer;
}

test('a person is exported from, and erased from, every real server, and stays so', async () => {
  const rabbitmq = required('rabbitmq', await sharedRabbitMQ());
  const destinations = await startDestinations();
  const { secretKey } = destinations.amplitude;
  const daemon = new TestDaemon({
    env: {
      ...destinations.env,
      ...{ RABBITMQ_URI: rabbitmq.uri, ID_SECRET: secret, INFLUXDB_PERSONAL: 'pseudonym' },
      AMPLITUDE_SECRET_KEY: secretKey,
    },
  });
  try {
    await daemon.start();
    const send = async (): Promise<void> => {
      await publish(rabbitmq.uri);
      const response = await daemon.post(events);
      assert.is(response.status, 202, await response.text());
      await daemon.drained();
    };
    await send();
    const before = await held(daemon, destinations);
    for (const place of ['mongodb', 'influxdb', 'postgresql', 'archive', 'amplitude', 'matomo', 'dead', 'files'])
      assert.ok(
        found(before).some(one => one.startsWith(`${place}:`)),
        `${place} has nothing of her`,
      );

    const ids = [ada.user_id];
    const exported = await ask<{ place: string; data?: unknown }[]>(daemon, '/v1/people/export', { ids });
    for (const place of ['local store', 'mongodb', 'influxdb', 'postgresql', 'archive', 'dead letters of local'])
      assert.ok(
        exported.some(one => one.place === place && one.data !== undefined),
        `nothing exported from ${place}`,
      );
    const preview = await ask<ErasurePreview>(daemon, '/v1/people/erase', { ids, dry_run: true });
    for (const { place, found } of preview.places) {
      const listed = exported.filter(one => one.place === place && one.data !== undefined).length;
      assert.is(found ?? 0, listed, place);
    }
    assert.equal((await ask<ErasureList>(daemon, '/v1/people/erasures')).erasures, [], 'a dry run erases nothing');
    assert.equal(found(await held(daemon, destinations)), found(before));

    await daemon.logged('event.rejected');
    const logged = daemon.output.length;
    const { id } = await ask<ErasureReceipt>(daemon, '/v1/people/erase', { ids });
    const receipt = await until(
      async () => {
        const { erasures } = await ask<ErasureList>(daemon, '/v1/people/erasures');
        return erasures.find(one => one.id === id && one.state === 'done');
      },
      'an erasure that is done',
      90_000,
    );
    assert.equal(found({ receipt: JSON.stringify(receipt) }), []);
    const states = Object.fromEntries(receipt.places.map(({ place, state }) => [place, state]));
    for (const place of ['local store', 'mongodb', 'postgresql', 'archive']) assert.is(states[place], 'done', place);
    // Each with the step that somebody has to take there.
    for (const { place, steps } of receipt.places.filter(({ state }) => state === 'left'))
      assert.ok(steps.length > 0, place);
    assert.equal([states.matomo, states.ga4, states.webhook], ['left', 'left', 'left']);
    const all = await ask<{ place: string }[]>(daemon, '/v1/people/export', { ids }).catch(() => []);
    assert.equal(all, []);
    const clean = async (): Promise<boolean> => found(await held(daemon, destinations)).length === 0;
    await until(clean, 'nothing of her', 30_000).catch(async () =>
      assert.equal(found(await held(daemon, destinations)), []),
    );
    const { mongodb = '' } = await held(daemon, destinations);
    assert.is(mongodb.split(carl.user_id).length - 1, 4, 'what others did is there');

    // From Clowder, and sent again: hers is left out everywhere, and counted.
    await send();
    await until(clean, 'nothing of her', 30_000).catch(async () =>
      assert.equal(found(await held(daemon, destinations)), []),
    );
    const ledger = await daemon.json('/v1/ledger');
    assert.ok(ledger.balanced, JSON.stringify(ledger.sinks));
    for (const { sink, erased } of ledger.sinks) assert.is(erased, 4, `${sink}: two sent, one published, one text`);
    await daemon.kill('SIGTERM');
    // What the receipt says of logs: a body that nobody can read was quoted, before she was erased.
    const lines = daemon.output.split('\n').filter(line => words.some(word => line.includes(word)));
    for (const line of lines) assert.match(line, 'event.rejected');
    assert.equal(found({ log: daemon.output.slice(logged) }), []);
  } finally {
    await daemon.remove();
    await destinations.stop();
    await rabbitmq.stop();
  }
});

test.run();
