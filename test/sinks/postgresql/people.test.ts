import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SetupError, TransientError } from '../../../src/errors.js';
import { decode } from '../../../src/events/decode.js';
import { type NamedPeople, peopleOf } from '../../../src/people/people.js';
import { readPostgresAddress } from '../../../src/sinks/postgresql/address.js';
import { eraseFrom, rowsHeld } from '../../../src/sinks/postgresql/people.js';
import { openSession, type PostgresConfig } from '../../../src/sinks/postgresql/session.js';
import { startPostgreSQL } from '../../helpers/servers/postgresql.js';
import { sinkTools } from '../../helpers/sink-session.js';
import { required } from '../../helpers/skip.js';
import { thrown } from '../../helpers/thrown.js';
import { until } from '../../helpers/wait.js';

const postgresql = required('postgresql', await startPostgreSQL());
const { signal } = new AbortController();
const test = suite('people in PostgreSQL');
test.after(() => postgresql.stop());

const ada = { user_id: '57e1b2c3d4e5f60718293a4b', user_name: 'Ada Quillfeather' };
const carl = { user_id: '65a3dea71616158972863493', user_name: 'Carl Marshlake' };
const people: NamedPeople = peopleOf('a secret of the test', [ada.user_id]);

async function config(database: string, user = 'admin'): Promise<PostgresConfig> {
  const address = readPostgresAddress(postgresql.uri({ database, user }));
  if ('flaw' in address) throw new Error(address.flaw);
  return { address, table: 'events' };
}

async function store(config: PostgresConfig, events: readonly (readonly [id: string, body: object | string])[]) {
  const session = await openSession(config, sinkTools());
  await session.write(
    events.map(([id, body]) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      const found = decode({ id, body: text, source: 'http', received: 1_700_000_000_500 }, 1_700_000_000_500);
      if (found.kind !== 'event') throw new Error(`not an event: ${text}`);
      return found.event;
    }),
    signal,
  );
  await session.close();
}

async function held(config: PostgresConfig): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const one of rowsHeld(config, people, signal)) found.push(one);
  return found;
}

test('rows of theirs go, others stay without them, in the columns too, with all digits', async () => {
  await postgresql.makeDatabase('one');
  const there = await config('one');
  assert.equal(await eraseFrom(there, people, signal), { erased: 0, changed: 0 }, 'without a table');
  const others = { ...carl, author_id: ada.user_id, author_name: ada.user_name, dataset_id: ada.user_id };
  await store(there, [
    // More than one page of them.
    ...Array.from({ length: 150 }, (_, n) => [`hers-${n}`, { category: 'download', ...ada }] as const),
    ['text', { category: 'comment', ...others, text: `for ${ada.user_name}, ${ada.user_id}`, size: 17 }],
    [
      'digits',
      `{"category":"sensor","owner_id":"${ada.user_id}","n":12345678901234567890.125,"created":1709544703342}`,
    ],
    ['carls', { category: 'download', ...carl }],
  ]);
  assert.is((await held(there)).length, 152);
  const before = await postgresql.query(`SELECT * FROM events WHERE id = 'carls'`, 'one');
  assert.equal(await eraseFrom(there, people, signal), { erased: 150, changed: 2 });
  assert.equal(await held(there), []);
  const rows = await postgresql.query(
    `SELECT id, user_id, dataset_id, body::text AS body, created = '2024-03-04 09:31:43.342Z' AS timely FROM events ORDER BY id`,
    'one',
  );
  assert.equal(
    rows.map(({ id }) => id),
    ['carls', 'digits', 'text'],
  );
  assert.not.match(JSON.stringify(rows), /Quillfeather|57e1b2c3d4e5f60718293a4b/);
  const [, digits, text] = rows;
  assert.match(String(digits?.body), '12345678901234567890.125');
  assert.is(digits?.timely, true);
  assert.equal([text?.user_id, text?.dataset_id], [carl.user_id, null]);
  assert.match(String(text?.body), /for \[erased\], \[erased\]/);
  assert.equal(await postgresql.query(`SELECT * FROM events WHERE id = 'carls'`, 'one'), before);
  assert.equal(await eraseFrom(there, people, signal), { erased: 0, changed: 0 }, 'again is no different');
});

test('a user that may only insert is said to need more, and nothing is changed', async () => {
  await postgresql.makeDatabase('two');
  await store(await config('two'), [['one', { category: 'download', ...ada }]]);
  await postgresql.query(`CREATE ROLE sink LOGIN PASSWORD 'password-of-the-admin'`);
  await postgresql.query('GRANT SELECT, INSERT ON events TO sink', 'two');
  const error = await thrown(eraseFrom(await config('two', 'sink'), people, signal));
  assert.instance(error, SetupError);
  assert.match(error.message, /to erase people also UPDATE and DELETE/);
  assert.is((await held(await config('two', 'sink'))).length, 1);
});

test('a statement that hangs is given up, and the erasure can be tried again', async () => {
  await postgresql.makeDatabase('three');
  const there = await config('three');
  await store(there, [['one', { category: 'download', ...ada }]]);
  const lock = postgresql.query('BEGIN; LOCK TABLE events; SELECT pg_sleep(600)', 'three').catch(() => {});
  const holders = `FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'events'::regclass`;
  await until(async () => (await postgresql.query(`SELECT ${holders}`, 'three')).length > 0, 'the lock');
  const error = await thrown(eraseFrom(there, people, signal, 200));
  assert.instance(error, TransientError);
  assert.match(error.message, /no answer in time/);
  await postgresql.query(`SELECT pg_terminate_backend(pid) ${holders}`, 'three');
  await lock;
  assert.equal(await eraseFrom(there, people, signal), { erased: 1, changed: 0 });
});

test.run();
