import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { required } from '../skip.js';
import { startInfluxDB } from './influxdb.js';

const admin = { user: 'root', password: 'a secret' };
const influxdb = required('influxdb', await startInfluxDB({ admin }));

function write(lines: string, query = 'u=root&p=a+secret'): Promise<Response> {
  return fetch(`${influxdb.url}/write?db=events&${query}`, { method: 'POST', body: lines });
}

test.before(async () => {
  await influxdb.query('CREATE DATABASE events');
});

test('rows come with their tags, their types and nanoseconds', async () => {
  assert.is((await write('rows,kind=a size=3i,name="x" 1700000000000000001')).status, 204);
  const rows = await influxdb.query('SELECT * FROM rows', 'events');
  assert.equal(rows, [{ time: '2023-11-14T22:13:20.000000001Z', kind: 'a', name: 'x', size: 3 }]);
  const counted = await influxdb.query('SELECT count(size) FROM rows GROUP BY kind', 'events');
  assert.equal(counted, [{ time: '1970-01-01T00:00:00Z', kind: 'a', count: 1 }]);
});

test('a field of another type is refused', async () => {
  await write('typed size=3i 1');
  const refused = await write('typed size=0.5 2');
  assert.is(refused.status, 400);
  assert.match(await refused.text(), 'field type conflict');
});

test('who does not know the password is refused', async () => {
  assert.is((await write('rows size=1i 1', 'u=root&p=wrong')).status, 401);
});

test('a query that fails throws what the server said', async () => {
  const failure = await influxdb.query('SELECT * FROM rows', 'nowhere').then(
    () => '',
    error => error.message,
  );
  assert.match(failure, 'database not found');
});

test('its data survives kill -9', async () => {
  await write('kept size=1i 1');
  await influxdb.kill9();
  await influxdb.start();
  assert.is((await influxdb.query('SELECT * FROM kept', 'events')).length, 1);
});

test.after(() => influxdb.stop());

test.run();
