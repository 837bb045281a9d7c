import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Clock, systemClock } from '../../../src/clock.js';
import { PartialDownloads } from '../../../src/nginx/traffic/partial-downloads.js';
import { Scene } from '../scene.js';

const test = suite();
const id = '65e6f0a1e4b0c7d2f8a91b33';
const other = '65e6f0a1e4b0c7d2f8a91b34';

interface Part {
  readonly time: string;
  readonly status?: number;
  readonly bytes?: number;
  readonly file?: string;
  readonly agent?: string;
}

function part({ time, status = 206, bytes = 100, file = id, agent = 'Mozilla/5.0 Firefox/123.0' }: Part): string {
  return `10.0.0.1 - - [05/Mar/2024:${time} +0000] "GET /files/${file}/blob HTTP/1.1" ${status} ${bytes} "-" "${agent}"\n`;
}

async function withScene(body: (scene: Scene) => Promise<void>, clock = systemClock): Promise<void> {
  const scene = new Scene({ config: { trafficEvents: ['downloads'] }, clock });
  try {
    await body(scene);
  } finally {
    await scene.stop();
    scene.folder.remove();
  }
}

/** The downloads that these lines are, once nothing more comes. */
async function downloadsOf(...parts: readonly Part[]): Promise<Record<string, unknown>[]> {
  let found: Record<string, unknown>[] = [];
  await withScene(async scene => {
    scene.write(...parts.map(part));
    await scene.start();
    await scene.read();
    found = scene.store.events('resource_download');
  });
  return found;
}

const figures = (downloads: readonly Record<string, unknown>[]) =>
  downloads.map(({ bytes, parts, status }) => [bytes, parts, status]);

test('all parts that a visitor fetches of a file are one download, with the bytes of all', async () => {
  const downloads = await downloadsOf(
    { time: '10:00:00' },
    { time: '10:00:00', bytes: 50 },
    { time: '10:59:59', bytes: 7 },
  );
  assert.equal(figures(downloads), [[157, 3, 206]]);
  assert.is(downloads[0]?.created, Date.UTC(2024, 2, 5, 10));
  assert.is(downloads[0]?.resource_id, id);
});

test('one part alone is a download like any other', async () => {
  assert.equal(figures(await downloadsOf({ time: '10:00:00' })), [[100, undefined, 206]]);
});

test('another file, another visitor and another hour are other downloads', async () => {
  const downloads = await downloadsOf(
    { time: '10:59:58' },
    { time: '10:59:59' },
    { time: '10:59:59', file: other },
    { time: '10:59:59', agent: 'curl/8.5.0' },
    { time: '11:00:00' },
  );
  assert.equal(figures(downloads), [
    [200, 2, 206],
    [100, undefined, 206],
    [100, undefined, 206],
    [100, undefined, 206],
  ]);
});

test('a whole download stands by itself; the parts around it are one more', async () => {
  const downloads = await downloadsOf(
    { time: '10:00:00' },
    { time: '10:00:01', status: 200, bytes: 900 },
    { time: '10:00:02' },
  );
  assert.equal(figures(downloads).sort(), [
    [200, 2, 206],
    [900, undefined, 200],
  ]);
});

test('the windows count one download, and the bytes of each part', () =>
  withScene(async scene => {
    scene.write(part({ time: '10:00:00' }), part({ time: '10:00:01' }), part({ time: '10:05:00' }));
    await scene.start();
    await scene.read();
    const windows = scene.store.events('connections');
    assert.equal(
      windows.map(({ downloads, other_requests, bytes_sent }) => [downloads, other_requests, bytes_sent]),
      [
        [1, 1, 200],
        [0, 1, 100],
      ],
    );
  }));

test('a kill at any place changes nothing: one event, the same id, the bytes of all parts', async () => {
  const lines = Array.from({ length: 12 }, (_, minute) => part({ time: `10:${10 + minute}:00`, bytes: minute + 1 }));
  const last = part({ time: '11:00:30', file: other });
  const ids = new Set<string>();
  /** Within the hour: only the log's time closes it. */
  const clock: Clock = { ...systemClock, now: () => Date.UTC(2024, 2, 5, 10, 30) };
  for (let killedAt = 0; killedAt <= lines.length; killedAt += 3)
    await withScene(async scene => {
      for (const [number, line] of [...lines, last].entries()) {
        if (number === killedAt) {
          await scene.start();
          await scene.read();
          await scene.kill();
        }
        scene.write(line);
      }
      await scene.start();
      await scene.read();
      const found = scene.store.events('resource_download').filter(({ resource_id }) => resource_id === id);
      const all = found.reduce((sum, { bytes }) => sum + Number(bytes), 0);
      assert.is(all, 78);
      assert.is(found.length, 1);
      ids.add(String(scene.store.messages.find(({ body }) => body.includes(`${id}/blob`))?.id));
    }, clock);
  assert.is(ids.size, 1);
});

test('a download is open until the log is 5 s past its hour, over restarts, and however many parts come', () => {
  const hour = Date.UTC(2024, 2, 5, 10);
  const now = () => hour;
  let downloads = new PartialDownloads(now);
  for (let number = 0; number < 10_000; number += 1) {
    const download = downloads.add(hour + number, hour, 'visitor', '/files/1/blob', 3);
    download.event ??= { id: 'first', fields: { category: 'resource_download', bytes: 3, duration: 0.5 } };
    if (number % 1000 !== 0) continue;
    const saved = JSON.stringify(downloads.save());
    downloads = new PartialDownloads(now);
    downloads.restore(JSON.parse(saved));
  }
  downloads.closeUntil(hour + 3_604_999);
  assert.equal(downloads.takeClosed(), []);
  downloads.closeUntil(hour + 3_605_000);
  const [closed, ...more] = downloads.takeClosed();
  assert.is(more.length, 0);
  assert.is(closed?.id, 'first');
  assert.equal(JSON.parse(closed?.body ?? ''), { category: 'resource_download', bytes: 30_000, parts: 10_000 });
  assert.equal(downloads.save(), []);
});

test('memory is bounded: the oldest is closed early', () => {
  const downloads = new PartialDownloads(() => 0);
  for (let number = 0; number < 5_000; number += 1)
    downloads.add(0, 0, 'visitor', `/files/${number}/blob`, 1).event = { id: String(number), fields: {} };
  assert.is(downloads.save().length, 1_000);
  assert.is(downloads.takeClosed().length, 4_000);
});

test('a line that is late, or from the far future, is not waited for', () => {
  const hour = Date.UTC(2024, 2, 5, 10);
  const downloads = new PartialDownloads(() => hour);
  const late = downloads.add(hour, hour + 7_200_000, 'visitor', '/late', 1);
  assert.is(late.closesAt, hour + 7_205_000);
  const future = downloads.add(hour + 86_400_000, hour, 'visitor', '/future', 1);
  assert.is(future.closesAt, hour + 86_405_000);
});

test.run();
