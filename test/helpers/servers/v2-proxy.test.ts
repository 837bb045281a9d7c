import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { required } from '../skip.js';
import { startInfluxDB } from './influxdb.js';
import { startV2Proxy } from './v2-proxy.js';

const admin = { user: 'root', password: 'secret' };
const influxdb = required('influxdb', await startInfluxDB({ admin }));
const proxy = await startV2Proxy(influxdb.url);
const path = '/api/v2/write?org=ours&bucket=events&precision=ms';

interface Reply {
  readonly status: number;
  readonly code?: string;
  readonly message?: string;
}

async function write(
  body: string | Buffer<ArrayBuffer>,
  { token = 'root:secret', at = path, encoding = '', url = proxy.url } = {},
): Promise<Reply> {
  const headers = { authorization: `Token ${token}`, ...(encoding ? { 'content-encoding': encoding } : {}) };
  const response = await fetch(`${url}${at}`, { method: 'POST', body, headers });
  const text = await response.text();
  return { status: response.status, ...(text ? JSON.parse(text) : {}) };
}

test.before(async () => {
  await influxdb.query('CREATE DATABASE events');
});

test('what is written is there, plain and gzipped', async () => {
  assert.equal(await write('views,kind=a count=1i 1700000000000'), { status: 204 });
  const zipped = gzipSync('views,kind=b count=2i 1700000000001');
  assert.equal(await write(zipped, { encoding: 'gzip' }), { status: 204 });
  assert.equal(await influxdb.query('SELECT count(count) FROM views', 'events'), [
    { time: '1970-01-01T00:00:00Z', count: 2 },
  ]);
});

test('each refusal in the words of version 2', async () => {
  const unauthorized = { status: 401, code: 'unauthorized', message: 'unauthorized access' };
  assert.equal(await write('a b=1', { token: 'root:wrong' }), unauthorized);
  assert.equal(await write('a b=1', { at: path.replace('events', 'other') }), {
    status: 404,
    code: 'not found',
    message: 'bucket "other" not found',
  });
  assert.is((await write('a b=1', { at: '/api/v2/write?bucket=events' })).status, 400);
  assert.is((await write('a b=1', { at: '/write?db=events' })).status, 404);
  const malformed = await write('not a line at all');
  assert.is(malformed.status, 400);
  assert.match(malformed.message ?? '', 'unable to parse');
});

test('a type conflict is a partial write', async () => {
  await write('typed size=1i 1');
  const conflict = await write('typed size=0.5 2\ntyped other=1i 3');
  assert.is(conflict.status, 422);
  assert.match(conflict.message ?? '', 'field type conflict');
  assert.is((await influxdb.query('SELECT other FROM typed', 'events')).length, 1);
});

test('tokens of its own, before an engine that asks nobody', async () => {
  const open = required('influxdb', await startInfluxDB());
  const guarded = await startV2Proxy(open.url, { tokens: ['good'], org: 'ours' });
  try {
    await open.query('CREATE DATABASE events');
    assert.is((await write('a b=1', { url: guarded.url, token: 'good' })).status, 204);
    assert.is((await write('a b=1', { url: guarded.url, token: 'bad' })).status, 401);
    const elsewhere = await write('a b=1', { url: guarded.url, token: 'good', at: path.replace('ours', 'theirs') });
    assert.is(elsewhere.status, 404);
  } finally {
    await guarded.stop();
    await open.stop();
  }
});

test('an engine that is gone ends the connection', async () => {
  await influxdb.kill9();
  const failure = await write('a b=1').then(
    () => undefined,
    error => error,
  );
  assert.instance(failure, TypeError);
});

test.after(async () => {
  await proxy.stop();
  await influxdb.stop();
});

test.run();
