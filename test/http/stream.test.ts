import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sampleEvent } from './fake-backend.js';
import { keys, problemOf, type Running, run } from './running.js';

let daemon: Running;

test.before.each(async () => {
  daemon = await run();
});
test.after.each(() => daemon.close());

/** Reads until the text was seen, or to the end. */
async function readUntil(response: Response, text: string): Promise<string> {
  const decoder = new TextDecoder();
  const reader = response.body!.getReader();
  let seen = '';
  while (!seen.includes(text)) {
    const { done, value } = await reader.read();
    if (done) break;
    seen += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
  return seen;
}

test('events come as they are stored, to every reader', async () => {
  const readers = await Promise.all([daemon.request('/v1/stream'), daemon.request('/v1/stream?category=download')]);
  assert.match(readers[0]!.headers.get('content-type') ?? '', /^text\/event-stream/);
  daemon.backend.emit(sampleEvent);
  daemon.backend.emit({ ...sampleEvent, id: 'event-2', category: 'upload' });
  daemon.backend.emit({ ...sampleEvent, id: 'event-3' });
  const [all, some] = await Promise.all(readers.map(reader => readUntil(reader, 'event-3"')));
  assert.match(all!, 'id: event-1\ndata: {"id":"event-1"');
  assert.match(all!, 'event-2');
  assert.not.match(some!, 'event-2');
  assert.is(daemon.backend.listeners.size, 1);
  await Promise.all(readers.map(reader => reader.body!.cancel()));
  while (daemon.backend.listeners.size > 0) await new Promise(resolve => setTimeout(resolve, 5));
});

test('what is too much for the moment is dropped, and the number reported', async () => {
  const reader = await daemon.request('/v1/stream');
  const large = { ...sampleEvent, text: 'x'.repeat(10_000) };
  for (let count = 0; count < 200; count++) daemon.backend.emit(large);
  const text = await readUntil(reader, 'event: dropped\ndata:');
  const sent = text.split('id: event-1\n').length - 1;
  const dropped = Number(/"count":(\d+)/.exec(text)?.[1]);
  assert.is(sent + dropped, 200);
  await reader.body!.cancel();
});

test('a reader that does not read costs a bounded buffer', async () => {
  const connection = await daemon.connect();
  connection.send('GET /v1/stream HTTP/1.1\r\nHost: x\r\nX-API-Key: key-all\r\n\r\n');
  await connection.until(': open');
  connection.socket.pause();
  const large = { ...sampleEvent, text: 'x'.repeat(50_000) };
  const before = process.memoryUsage().rss;
  for (let round = 0; round < 12; round++) {
    for (let count = 0; count < 100; count++) daemon.backend.emit(large);
    await new Promise(resolve => setTimeout(resolve, 260));
  }
  assert.ok(process.memoryUsage().rss - before < 60e6);
  connection.socket.resume();
  assert.match(await connection.until('event: dropped'), 'event: dropped');
  connection.close();
});

test('silence is kept alive by comments', async () => {
  await daemon.close();
  daemon = await run({ heartbeatMs: 1 });
  const reader = await daemon.request('/v1/stream');
  assert.match(await readUntil(reader, ': beat'), ': beat\n\n');
  await reader.body!.cancel();
});

test('at most maxStreams are open at once', async () => {
  await daemon.close();
  daemon = await run({ maxStreams: 1 });
  const reader = await daemon.request('/v1/stream');
  const second = await daemon.request('/v1/stream');
  assert.ok(second.headers.get('retry-after'));
  assert.is((await problemOf(second)).status, 503);
  await reader.body!.cancel();
});

test('a stream ends after its time, and at shutdown; the reader sees why', async () => {
  await daemon.close();
  daemon = await run({ streamMs: 1 });
  assert.match(
    await readUntil(await daemon.request('/v1/stream'), '"never"'),
    'event: end\ndata: {"reason":"expired"}',
  );
  await daemon.close();
  daemon = await run();
  const reader = await daemon.request('/v1/stream');
  daemon.backend.emit(sampleEvent);
  const text = readUntil(reader, '"never"');
  await daemon.server.close(30_000);
  assert.match(await text, /event-1[\s\S]*event: end\ndata: {"reason":"shutdown"}\n\n$/);
});

test('a stream ends with its key, before anything else is sent', async () => {
  const reader = await daemon.request('/v1/stream', { headers: { 'x-api-key': keys.read } });
  daemon.revoked.add(keys.read);
  daemon.backend.emit(sampleEvent);
  const text = await readUntil(reader, '"never"');
  assert.match(text, 'event: end\ndata: {"reason":"revoked"}');
  assert.not.match(text, 'event-1');
});

test('a stream ends with its session', async () => {
  const signedIn = await daemon.request('/v1/session', { method: 'POST' });
  const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';')[0]!;
  const withCookie = { headers: { 'x-api-key': '', cookie, 'x-requested-with': 'test' } };
  const reader = await daemon.request('/v1/stream', withCookie);
  assert.is((await daemon.request('/v1/session', { ...withCookie, method: 'DELETE' })).status, 204);
  daemon.backend.emit(sampleEvent);
  assert.not.match(await readUntil(reader, '"never"'), 'event-1');
});

test('one key has half of the streams at most', async () => {
  await daemon.close();
  daemon = await run({ maxStreams: 4 });
  const open = (key: string) => daemon.request('/v1/stream', { headers: { 'x-api-key': key } });
  const first = [await open(keys.read), await open(keys.read)];
  assert.is((await open(keys.read)).status, 503);
  const other = await open(keys.all);
  assert.is(other.status, 200);
  for (const reader of [...first, other]) await reader.body!.cancel();
});

test.run();
