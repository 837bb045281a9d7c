import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../helpers/daemon.js';

/** Readers that ask for the most there is, and take nothing of it. */
const readers = 1_000;
const maxMiB = 64;

const daemon = new TestDaemon();

async function fill(): Promise<void> {
  const text = 'x'.repeat(8_000);
  for (let batch = 0; batch < 12; batch += 1) {
    const response = await daemon.post(Array.from({ length: 100 }, () => ({ category: 'large', text })));
    assert.is(response.status, 202, await response.text());
  }
  await daemon.drained();
}

function residentMiB(): number {
  const kB = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${daemon.pid}/status`, 'utf8'))?.[1];
  return Number(kB) / 1024;
}

/** One connection that asks and does not read. */
function ask(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      port: daemon.port,
      host: '127.0.0.1',
      onread: { buffer: Buffer.alloc(1), callback: () => false },
    });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.on('error', () => {});
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nX-API-Key: ${daemon.key}\r\n\r\n`, () => resolve(socket));
    });
  });
}

/** V8 gives a heap its size under load: that is there before, and what is measured is what standing still adds. */
async function readAll(path: string): Promise<void> {
  const read = async (): Promise<unknown> => (await daemon.request(path)).arrayBuffer();
  for (let begun = 0; begun < readers; begun += 50) await Promise.all(Array.from({ length: 50 }, read));
}

test.before(async () => {
  await daemon.start();
  await fill();
  for (let page = 0; page < 100; page += 1) await (await daemon.request('/v1/events?limit=1000')).arrayBuffer();
});
test.after(() => daemon.remove());

const asked = [
  '/v1/events?limit=1000',
  '/v1/dead-letters?limit=1000',
  '/v1/stream',
  '/metrics',
  '/openapi.json',
  '/docs/swagger-ui-bundle.js',
];
for (const path of asked) {
  test(`${readers} readers of ${path} that stand still cost a bounded memory, and others are served`, async () => {
    // A page of events is 8 MB, and was read before; a stream has no end.
    if (!/^.v1/.test(path)) await readAll(path);
    const before = residentMiB();
    const sockets: Socket[] = [];
    for (let begun = 0; begun < readers; begun += 50)
      sockets.push(...(await Promise.all(Array.from({ length: 50 }, () => ask(path)))));
    let highest = 0;
    for (let round = 0; round < 12; round += 1) {
      await new Promise(resolve => setTimeout(resolve, 250));
      highest = Math.max(highest, residentMiB() - before);
    }
    for (const other of ['/healthz', '/v1/status', '/v1/events?limit=2'])
      assert.is((await daemon.request(other)).status, 200, other);
    assert.is((await daemon.post({ category: 'meanwhile' })).status, 202);
    for (const socket of sockets) socket.destroy();
    assert.ok(highest < maxMiB, `${highest} MiB more than ${before} MiB`);
  });
}

test('a page that is read slice by slice is whole', async () => {
  const page = await daemon.json('/v1/events?limit=1000&category=large');
  const next = await daemon.json(`/v1/events?limit=1000&category=large&cursor=${page.next_cursor}`);
  const ids = [...page.events, ...next.events].map(({ id }) => id);
  assert.is(new Set(ids).size, 1_200);
  assert.is(ids.length, 1_200);
});

test.run();
