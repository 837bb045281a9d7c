import { readPostgresAddress } from '../../../src/sinks/postgresql/address.js';
import { postgresqlSink } from '../../../src/sinks/postgresql.js';
import { message } from '../../helpers/memory-broker.js';
import { startPostgreSQL } from '../../helpers/servers/postgresql.js';
import { required } from '../../helpers/skip.js';
import { sinkContract } from '../contract.js';

const postgresql = required('postgresql', await startPostgreSQL());
let databases = 0;

await postgresql.query(`CREATE ROLE sink LOGIN PASSWORD 'password-of-the-sink'`);

async function open() {
  databases += 1;
  const database = `events_${databases}`;
  await postgresql.makeDatabase(database);
  await postgresql.query('GRANT CREATE ON SCHEMA public TO sink', database);
  const uri = postgresql.uri({ user: 'sink', password: 'password-of-the-sink', database });
  let down = false;
  return {
    definition: postgresqlSink,
    config: { address: readPostgresAddress(uri), table: 'events' },
    message,
    delivered: async () =>
      (await postgresql.query('SELECT id FROM events ORDER BY id', database)).map(({ id }) => String(id)),
    // More than numeric holds: only the server knows.
    poison: (id: string) => ({ ...message(id), body: `{"category":"upload","created":1700000000000,"size":1e200000}` }),
    async outage(on: boolean) {
      if (on === down) return;
      down = on;
      await (on ? postgresql.kill9() : postgresql.start());
    },
    async locked(on: boolean) {
      await postgresql.query(`ALTER ROLE sink PASSWORD '${on ? 'another' : 'password-of-the-sink'}'`);
      await postgresql.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'sink'`);
    },
    async close() {
      if (down) await postgresql.start();
    },
  };
}

await sinkContract('postgresql', open, () => postgresql.stop());
