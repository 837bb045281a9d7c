import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CommitCalls } from '../../src/nginx/commit-calls.js';
import { TrafficRecord } from '../../src/nginx/traffic-record.js';
import { manualClock, ScratchDatabase } from '../storage/scratch.js';
import { line, Scene } from './scene.js';

const at = (clock: string): string => `05/Mar/2024:${clock} +0000`;
const time = (clock: string): number => Date.parse(`2024-03-05T${clock}Z`);
const file = '5f1e6d2b8c3a4e5f60718293';

test('each window counts once, whatever becomes of the process, and late lines count with it', async () => {
  const clock = manualClock(time('10:01:30'));
  const scene = new Scene({ clock });
  const scratch = new ScratchDatabase();
  try {
    scene.write(
      line(1, { time: at('10:00:10') }),
      line(2, { time: at('10:00:20'), agent: 'Mozilla/5.0 Firefox/124.0' }),
    );
    scene.write(line(3, { time: at('10:01:10'), request: `POST /api/uploadToDataset/${file} HTTP/1.1` }));
    await scene.start();
    await scene.read();
    // The window of 10:01 is open: what was counted of it is in the checkpoint alone.
    scene.write(line(4, { time: at('10:01:20') }));
    await scene.kill();
    await scene.start();
    await scene.read();
    scene.write(line(5, { time: at('10:02:10'), request: `GET /files/${file}/blob HTTP/1.1` }));
    scene.write(line(6, { time: at('10:00:50') }));
    clock.time = time('10:05:00');
    await scene.read();
    await scene.stop();
    scratch.group([scene.store.calls]);
  } finally {
    await scene.remove();
  }
  assert.equal(scratch.database.rows('SELECT start, seconds, requests, visitors, downloads FROM traffic_windows'), [
    [time('10:00:00'), 60, 3, 2, 0],
    [time('10:01:00'), 60, 2, 1, 0],
    [time('10:02:00'), 60, 1, 1, 1],
  ]);
  assert.equal(scratch.read('trafficLogs'), [
    { log: 'access.log', since: time('10:00:00'), until: time('10:03:05'), seconds: 60 },
  ]);
});

test('windows of seconds share a row, and no visitor counts for more than his windows', () => {
  const scratch = new ScratchDatabase();
  const window = { seconds: 20, requests: 5, visitors: 3, downloads: 1, failedUploads: 0 };
  const starts = ['10:00:00', '10:00:20', '10:00:40', '10:01:00'].map(time);
  const windows = starts.map(start => ({ start, ...window }));
  scratch.write('keepTraffic', { log: 'a', windows, seconds: 20, until: time('10:02:00') });
  assert.is(scratch.database.value('SELECT count(*) FROM traffic_windows'), 2);
  const span = { log: 'a', from: time('10:00:00'), until: time('10:01:00'), seconds: 20 };
  assert.equal(scratch.read('trafficSums', { spans: [span] }), [
    { requests: 15, visitors: 3, downloads: 3, failedUploads: 0, incomplete: false },
  ]);
});

test('nothing is written before the first line', () => {
  const record = new TrafficRecord('a', 60_000);
  record.add([], Number.NEGATIVE_INFINITY);
  assert.equal(record.calls, []);
});

test('the list of a commit stays the same until somebody has more', () => {
  const record = new TrafficRecord('a', 60_000);
  const gaps = { calls: [], clear: () => {} };
  const notes = new CommitCalls(gaps, record);
  record.add([], 1000);
  const { calls } = notes;
  assert.is(notes.calls, calls);
  record.add([], 1000);
  assert.is(notes.calls, calls, 'nothing is new');
  record.add([], 2000);
  assert.is.not(notes.calls, calls);
  notes.clear();
  assert.equal(notes.calls, []);
});

test.run();
