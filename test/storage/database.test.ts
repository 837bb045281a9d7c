import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Database, type Value } from '../../src/storage/database.js';

const columns = ['a', 'b', 'c', 'd'] as const;

/** A table of these columns, in order of arrival. */
function withTable(work: (database: Database) => void): void {
  const database = new Database(':memory:');
  try {
    database.exec(`CREATE TABLE t (n INTEGER PRIMARY KEY, ${columns.map(name => `${name}, `).join('')} key UNIQUE)`);
    work(database);
  } finally {
    database.close();
  }
}

const into = `INSERT OR IGNORE INTO t (${columns.join(', ')}, key)`;
const width = columns.length + 1;
const rowsOf = (database: Database): Value[][] =>
  database.rows(`SELECT ${columns.join(', ')}, key FROM t ORDER BY n`).map(row => [...row]);

test('many rows are inserted as they are, whichever of their columns have one value', () =>
  withTable(database => {
    const value = fc.constantFrom<Value>(null, 0, 1.5, -3, '', 'text', 'é');
    const column = fc.oneof(
      value.map(one => () => one),
      fc.array(value, { minLength: 5, maxLength: 7 }).map(some => (row: number) => some[row % some.length]!),
    );
    fc.assert(
      fc.property(fc.tuple(column, column, column, column), fc.integer({ min: 0, max: 140 }), (made, count) => {
        database.exec('DELETE FROM t');
        const rows = Array.from({ length: count }, (_, row) => [...made.map(of => of(row)), row]);
        assert.is(database.insert(into, width, rows.flat()), count);
        assert.equal(rowsOf(database), rows);
      }),
      { numRuns: 200 },
    );
  }));

test('of rows with one key the first stays, or what the statement says otherwise', () =>
  withTable(database => {
    const rows = Array.from({ length: 64 }, (_, row) => ['same', row, null, 'same', row % 40]);
    assert.is(database.insert(into, width, rows.flat()), 40);
    assert.equal(rowsOf(database), rows.slice(0, 40));
    const otherwise = 'ON CONFLICT (key) DO UPDATE SET a = excluded.a';
    const again = rows.slice(0, 32).map(([, ...rest]) => ['other', ...rest]);
    database.insert(`INSERT INTO t (${columns.join(', ')}, key)`, width, again.flat(), otherwise);
    assert.equal(
      rowsOf(database).map(([a]) => a),
      Array.from({ length: 40 }, (_, row) => (row < 32 ? 'other' : 'same')),
    );
  }));

test('rows of very many columns are inserted as they are, too', () =>
  withTable(database => {
    const names = Array.from({ length: 40 }, (_, column) => `c${column}`);
    database.exec(`CREATE TABLE wide (n INTEGER PRIMARY KEY, ${names.join(', ')})`);
    const rows = Array.from({ length: 64 }, (_, row) =>
      names.map((name, column) => (column % 3 ? `${name} ${row}` : 7)),
    );
    database.insert(`INSERT INTO wide (${names.join(', ')})`, names.length, rows.flat());
    assert.equal(database.rows(`SELECT ${names.join(', ')} FROM wide ORDER BY n`), rows);
  }));

test('an insertion has few statements, and large texts stay bound to one of them alone', () =>
  withTable(database => {
    const statements = () => database.value<number>("SELECT count(*) FROM sqlite_stmt WHERE sql LIKE 'INSERT%'")!;
    /** Rows that have these columns in common. */
    const insert = (same: number, text: string): void => {
      database.exec('DELETE FROM t');
      const rows = Array.from({ length: 32 }, (_, row) => [
        ...columns.map((name, column) => ((same >> column) & 1 ? name : `${name} ${row}`)),
        text + row,
      ]);
      assert.is(database.insert(into, width, rows.flat()), 32);
      assert.equal(rowsOf(database), rows);
    };
    for (let same = 0; same < 16; same += 1) insert(same, 'x'.repeat(100_000));
    assert.is(statements(), 1);
    for (let same = 0; same < 16; same += 1) insert(same, 'x');
    assert.is(statements(), 4);
  }));

test.run();
