// timeout: 300 s
// shares: rabbitmq
import { connect } from 'amqplib';
import { MongoClient } from 'mongodb';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../helpers/daemon.js';
import { type Destinations, startDestinations } from '../helpers/destinations.js';
import { sharedRabbitMQ } from '../helpers/servers/rabbitmq.js';
import { required } from '../helpers/skip.js';

/** Invented, and nowhere else in the events. */
const ada = { user_id: 'person-4711', user_name: 'Ada Quillfeather', email: 'ada.q@mail.example', ip: '192.0.2.77' };
const carl = { author_id: 'person-0815', author_name: 'Carl Marshlake' };
const agent = 'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0';
const words = [
  ...['Quillfeather', 'Marshlake', 'Hollowbrook', 'Fernwhistle', 'mail.example', '192.0.2.77', '2001:db8::77'],
  ...['person-4711', 'person-0815', 'person-1234'],
];

const settings = (level: string): Record<string, string> =>
  Object.fromEntries(
    ['MONGODB', 'INFLUXDB', 'AMPLITUDE', 'GOOGLE', 'LOCAL'].map(sink => [`${sink}_PERSONAL`, level] as const),
  );

/** Over HTTP, in every form, with people in every place. */
async function send(daemon: TestDaemon): Promise<void> {
  const post = async (path: string, headers: Record<string, string>, body: unknown): Promise<void> => {
    const response = await daemon.request(path, { method: 'POST', headers, body: JSON.stringify(body) });
    assert.is(response.status, 202, await response.text());
  };
  const json = { 'content-type': 'application/json' };
  await post('/v1/events', json, [
    { category: 'download', type: 'file', ...ada, ...carl, user_agent: agent, size: 17, sensor: 0.1 },
    {
      category: 'page_view',
      type: 'dataset',
      ...ada,
      url: 'https://clowder.example.org/users/person-4711?mail=ada.q%40mail.example&name=Ada+Quillfeather',
      referrer: 'https://clowder.example.org/search?by=Ada%20Quillfeather',
      language: 'de',
    },
    {
      category: 'comment',
      ...ada,
      text: 'Ada Quillfeather (ada.q@mail.example) wrote from 192.0.2.77, 2001:db8::77; ask ADA QUILLFEATHER',
      nested: { editors: [{ creator: { name: 'Ines Hollowbrook', id: 'person-1234' } }, 'ada.q@mail.example'] },
      owner: 'Odo Fernwhistle',
      payload: JSON.stringify({ user_name: 'Ines Hollowbrook', mail: 'x@mail.example' }),
    },
    { category: 'identify', ...ada, user_properties: { set: { name: 'Odo Fernwhistle', plan: 'basic' } } },
    // Some servers take no name with a dot.
    { category: 'comment', 'ada.q@mail.example': true },
  ]);
  await post('/v1/events/upload', json, { ...ada, resource_name: 'from ada.q@mail.example' });
  await post(
    '/v1/events',
    { 'content-type': 'application/cloudevents+json' },
    {
      ...{ specversion: '1.0', id: '1', source: '/users/person-4711', type: 'archive.file' },
      data: { ...ada, ...carl },
    },
  );
}

/** As others publish to the exchange: an event, a list, and no JSON at all. */
async function publish(uri: string): Promise<void> {
  const connection = await connect(uri);
  const channel = await connection.createConfirmChannel();
  const event = { category: 'view_resource', type: 'file', ...ada, ...carl, created: Date.now() };
  const list = [{ user_name: 'Ines Hollowbrook' }, 'from 192.0.2.77'];
  for (const body of [JSON.stringify(event), JSON.stringify(list), 'Odo Fernwhistle <odo@mail.example> was here']) {
    channel.publish('clowder.metrics', '', Buffer.from(body));
  }
  await channel.waitForConfirms();
  await connection.close();
}

/** Everything that each sink has, as text. */
async function sent(daemon: TestDaemon, destinations: Destinations): Promise<Record<string, string>> {
  const client = await new MongoClient(destinations.mongodb.uri).connect();
  try {
    const documents = await client.db(destinations.database).collection('events').find().toArray();
    const series = await destinations.influxdb.query('SHOW SERIES', 'eventsink');
    const points = await destinations.influxdb.query('SELECT * FROM events', 'eventsink');
    const bytes = ({ asked }: Destinations['amplitude'] | Destinations['ga4']): string =>
      JSON.stringify(asked.map(({ url, body, headers }) => [url, headers, body]));
    return {
      mongodb: JSON.stringify(documents),
      influxdb: JSON.stringify([series, points]),
      amplitude: bytes(destinations.amplitude),
      ga4: bytes(destinations.ga4),
      local: JSON.stringify(await daemon.stored()),
    };
  } finally {
    await client.close();
  }
}

interface Scene {
  readonly daemon: TestDaemon;
  readonly sent: Readonly<Record<string, string>>;
  /** As it was before and after a restart: the pseudonym of one person in each sink. */
  again(): Promise<Readonly<Record<string, string>>>;
}

async function withLevel(level: string, work: (scene: Scene) => Promise<void>): Promise<void> {
  const rabbitmq = required('rabbitmq', await sharedRabbitMQ());
  const destinations = await startDestinations();
  const env = { ...destinations.env, RABBITMQ_URI: rabbitmq.uri, ...settings(level) };
  const daemon = await new TestDaemon({ env }).start();
  try {
    await publish(rabbitmq.uri);
    await send(daemon);
    await daemon.drained();
    await work({
      daemon,
      sent: await sent(daemon, destinations),
      again: async () => {
        await daemon.kill('SIGTERM');
        await daemon.start();
        await send(daemon);
        await daemon.drained();
        return sent(daemon, destinations);
      },
    });
  } finally {
    await daemon.remove();
    await destinations.stop();
    await rabbitmq.stop();
  }
}

const found = (text: string): string[] => words.filter(word => text.toLowerCase().includes(word.toLowerCase()));
const pseudonyms = (text: string, kind: string): string[] =>
  [...new Set(text.match(new RegExp(`\\b${kind}-[0-9a-f]{16}\\b`, 'g')) ?? [])].sort();

test('full: each sink has what was received, so that looking for it means something', async () => {
  await withLevel('full', async scene => {
    for (const [sink, text] of Object.entries(scene.sent)) {
      const missing = words.filter(word => !found(text).includes(word));
      assert.equal(missing, [], sink);
      assert.equal(pseudonyms(text, 'name'), [], sink);
    }
  });
});

test('none: no name, address or id of a person, and no agent, leaves for any sink, also after a restart', async () => {
  await withLevel('none', async scene => {
    const after = await scene.again();
    for (const [sink, text] of Object.entries({ ...scene.sent, ...after })) {
      assert.equal(found(text), [], sink);
      assert.not.match(text, 'Gecko', sink);
      assert.match(text, 'Firefox', sink);
      assert.match(text, 'Ubuntu', sink);
      assert.equal([pseudonyms(text, 'name'), pseudonyms(text, 'mail'), pseudonyms(text, 'ip')], [[], [], []], sink);
    }
    assert.match(scene.sent.mongodb!, 'withheld');
    const ids = pseudonyms(scene.sent.mongodb!, 'user');
    assert.is(ids.length, 3);
    for (const text of [scene.sent.influxdb!, scene.sent.local!, after.local!, after.mongodb!]) {
      assert.equal(pseudonyms(text, 'user'), ids);
    }
    for (const sink of ['amplitude', 'ga4']) for (const id of ids) assert.match(after[sink]!, id, sink);
  });
});

test('pseudonym: one person has one pseudonym in every sink, and nothing else', async () => {
  await withLevel('pseudonym', async ({ sent: first, again }) => {
    const after = await again();
    for (const [sink, text] of Object.entries({ ...first, ...after })) {
      assert.equal(found(text), [], sink);
      for (const kind of ['user', 'name', 'mail', 'ip']) {
        for (const one of pseudonyms(first.local!, kind)) assert.match(text, one, `${sink} ${kind}`);
      }
    }
    for (const kind of ['user', 'name', 'mail', 'ip']) {
      assert.ok(pseudonyms(first.local!, kind).length > 0, kind);
      assert.equal(pseudonyms(after.local!, kind), pseudonyms(first.local!, kind), kind);
    }
    assert.match(first.mongodb!, 'Gecko');
  });
});

test.run();
