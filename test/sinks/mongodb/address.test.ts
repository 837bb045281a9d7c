import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { redact } from '../../../src/redact.js';
import { readMongoAddress } from '../../../src/sinks/mongodb/address.js';
import { mongodbSink } from '../../../src/sinks/mongodb.js';

const good = [
  'mongodb://127.0.0.1',
  'mongodb://localhost:27017/',
  'mongodb://a.example.org:1,b.example.org:2/eventsink?replicaSet=rs0&w=majority',
  'mongodb://user:p%40ss%3A@mongodb.example.org/?authSource=admin',
  'mongodb+srv://user:pass@cluster0.example.org/?retryWrites=true&w=2',
  'mongodb://[::1]:27017/?tls=true',
  'mongodb://%2Ftmp%2Fmongodb-27017.sock',
  'mongodb://h/?serverSelectionTimeoutMS=15000&connectTimeoutMS=1&WAITQUEUETIMEOUTMS=2000&maxIdleTimeMS=0',
];

const flawOf = (uri: string): string | undefined => {
  const read = readMongoAddress(uri);
  return 'flaw' in read ? read.flaw : undefined;
};

test('time-outs beyond 15 s, and none at all, are held to 15 s', () => {
  const bounded = (query: string): unknown => {
    const read = readMongoAddress(`mongodb://h/?${query}`);
    return 'flaw' in read ? read.flaw : read.bounded;
  };
  assert.equal(bounded('serverSelectionTimeoutMS=15000&connectTimeoutMS=1'), {});
  assert.equal(bounded('SERVERSELECTIONTIMEOUTMS=30000&waitQueueTimeoutMS=0&connectTimeoutMS=15001'), {
    serverSelectionTimeoutMS: 15_000,
    waitQueueTimeoutMS: 15_000,
    connectTimeoutMS: 15_000,
  });
});

for (const uri of good) test(`accepted: ${uri}`, () => assert.is(flawOf(uri), undefined));

const bad: [uri: string, says: RegExp][] = [
  ['', /must look like/],
  ['http://user:secret@example.org', /must look like/],
  ['mongodb:/secret@example.org', /must look like/],
  ['mongodb://user:secret@', /names no host/],
  ['mongodb://a.example.org,,b.example.org', /names no host/],
  ['mongodb://user:sec@ret@example.org', /more than one @.*%40/],
  ['mongodb://user:sec%ret@example.org', /%25/],
  ['mongodb+srv://user:secret@a.example.org,b.example.org', /exactly one host/],
  ['mongodb+srv://user:secret@a.example.org:27017', /exactly one host/],
  ...['-5', '1.5', '30s', 'soon', ''].flatMap(ms =>
    ['serverSelectionTimeoutMS', 'connectTimeoutMS', 'waitQueueTimeoutMS', 'SERVERSELECTIONTIMEOUTMS'].map(
      (name): [string, RegExp] => [
        `mongodb://user:secret@example.org/?${name}=${ms}`,
        new RegExp(`must have its ${name} in whole ms`),
      ],
    ),
  ),
  ['mongodb://user:secret@example.org/?w=0', /w=0/],
  ['mongodb://user:secret@example.org/db?retryWrites=true&W=0', /w=0/],
];

for (const [uri, says] of bad) {
  test(`refused: ${uri}`, () => {
    const flaw = flawOf(uri);
    assert.match(flaw ?? 'no flaw', says);
    assert.not.match(flaw ?? '', /secret|sec@ret|sec%ret|example\.org/);
  });
}

test('no uri: switched off', () => {
  const { problems, configure } = configuring();
  assert.is(configure(undefined), undefined);
  assert.equal(problems, []);
});

test('all that is wrong is said at once', () => {
  const { problems, configure } = configuring();
  configure('mongodb://h', { database: 'a b', collection: 'system.users' });
  assert.equal(
    problems.map(([name]) => name),
    ['MONGODB_DATABASE', 'MONGODB_COLLECTION'],
  );
});

test('the collection of the older worker can be named', () => {
  const { problems, configure } = configuring();
  configure('mongodb://h', { database: 'clowder', collection: 'eventsink.messages' });
  assert.equal(problems, []);
});

test('time to live: whole days, or none', () => {
  const { schema } = mongodbSink.settings.ttlDays;
  assert.is(schema.parse(undefined), undefined);
  assert.is(schema.parse('30'), 30);
  for (const wrong of ['0', '-1', '1.5', 'soon', '99999']) assert.not(schema.safeParse(wrong).success, wrong);
});

test('the database of the address is taken, unless MONGODB_DATABASE says otherwise', () => {
  const databaseOf = (uri: string, database?: string): string | undefined =>
    configuring().configure(uri, { database })?.database;
  assert.is(databaseOf('mongodb://h'), 'eventsink');
  assert.is(databaseOf('mongodb://h/?authSource=admin'), 'eventsink');
  assert.is(databaseOf('mongodb://h/clowder'), 'clowder');
  assert.is(databaseOf('mongodb://u:p@a,b/my%2Ddata?w=2'), 'my-data');
  assert.is(databaseOf('mongodb://h/users', 'clowder'), 'clowder');
  assert.is(databaseOf('mongodb://u:p@h/admin'), 'eventsink');
  const { problems, configure } = configuring();
  configure('mongodb://h/a%20b');
  assert.equal(
    problems.map(([name]) => name),
    ['MONGODB_URI'],
  );
});

test('secrets leave a text, also percent-decoded and alone', () => {
  const uri = 'mongodb://user:p%40ss@example.org/?x=1';
  const text = `bad ${uri} and p@ss and user:p%40ss`;
  assert.is(redact(text, secretsIn(uri)), 'bad mongodb://[hidden]@example.org/?x=1 and [hidden] and [hidden]');
  assert.is(redact('a user alone is no secret', secretsIn('mongodb://user@example.org')), 'a user alone is no secret');
  assert.is(redact('nothing here', secretsIn('mongodb://example.org')), 'nothing here');
});

test.run();

function secretsIn(uri: string): readonly string[] {
  const read = readMongoAddress(uri);
  if ('flaw' in read) throw new Error(read.flaw);
  return read.secrets;
}

function configuring() {
  const problems: [name: string, message: string][] = [];
  const { address } = mongodbSink.settings;
  return {
    problems,
    configure: (uri: string | undefined, changes: { database?: string | undefined; collection?: string } = {}) => {
      const values = { database: undefined, collection: 'events', ttlDays: undefined, ...changes };
      return mongodbSink.configure(
        { address: address.schema.parse(uri), ...values },
        { add: (...problem) => problems.push(problem) },
      );
    },
  };
}
