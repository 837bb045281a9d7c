import { z } from 'zod';
import { refuse } from '../settings/refuse.js';
import { setting } from '../settings/setting.js';
import { text } from '../settings/words.js';
import { type PostgresAddress, readPostgresAddress } from './postgresql/address.js';
import { renderRow } from './postgresql/row.js';
import type { PostgresConfig } from './postgresql/session.js';
import { defineSink } from './sink.js';

/** Every event as one row, known by its id: typed columns, and all of it as JSONB (docs/mapping-postgresql.md). */
export const postgresqlSink = defineSink({
  name: 'postgresql',
  title: 'PostgreSQL',
  prefix: 'POSTGRESQL',
  settings: {
    address: setting(
      'POSTGRESQL_URI',
      connectionString().optional(),
      'Connection string with the database; set = sink on. `?sslmode=verify-full` checks the certificate; by default the connection is encrypted where the server can. A socket: `?host=/var/run/postgresql`.',
      { secret: true, example: 'postgresql://event-sink:secret@postgresql.example.org/clowder?sslmode=verify-full' },
    ),
    table: setting(
      'POSTGRESQL_TABLE',
      text().default('events'),
      'Table that takes the rows, perhaps with its schema (`usage.events`). It is made where there is none.',
    ),
  },
  switchedOnBy: 'POSTGRESQL_URI',
  configure({ address, table }, problems): PostgresConfig | undefined {
    if (address === undefined) return undefined;
    if (!/^(?:[a-z_][a-z0-9_]{0,47}\.)?[a-z_][a-z0-9_]{0,47}$/.test(table)) {
      problems.add(
        'POSTGRESQL_TABLE',
        'must be a name of at most 48 lower-case letters, digits and underscores, perhaps with a schema and a period before it',
      );
    }
    return { address, table };
  },
  takesHistory: true,
  batch: { count: 1000, bytes: 4_000_000, lingerMs: 100 },
  // Halving a batch takes many statements.
  writeDeadlineMs: 60_000,
  check: {
    tries: 'log in, and insert no rows',
    setting: () => 'POSTGRESQL_URI',
    reach: 'start PostgreSQL there, let this machine reach it, or correct POSTGRESQL_URI: host and port',
    open: async (config: PostgresConfig) => (await import('./postgresql/session.js')).openCheck(config),
  },
  people: {
    erase: async (config, people, _tools, signal) =>
      (await import('./postgresql/people.js')).eraseFrom(config, people, signal),
    async *export(config, people, _tools, signal) {
      yield* (await import('./postgresql/people.js')).rowsHeld(config, people, signal);
    },
  },
  renderer: () => renderRow,
  open: async (config: PostgresConfig, tools) => (await import('./postgresql/session.js')).openSession(config, tools),
});

function connectionString() {
  return z.string().transform((value, context): PostgresAddress => {
    const read = readPostgresAddress(value);
    return 'flaw' in read ? refuse(context, read.flaw) : read;
  });
}
