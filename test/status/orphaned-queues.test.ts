import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { QueueInfo } from '../../src/broker/broker.js';
import { orphanFinder } from '../../src/status/orphaned-queues.js';
import { ManualClock, settled } from '../helpers/manual-clock.js';
import { recordingLog } from '../helpers/recording-log.js';

const queue = (name: string, orphaned: boolean): QueueInfo => ({
  name,
  sink: undefined,
  ready: 7,
  consumers: 0,
  orphaned,
});

function set() {
  const clock = new ManualClock();
  const { log, lines } = recordingLog();
  const scene = { clock, lines, asked: 0, queues: [] as QueueInfo[] | Error, metered: [] as string[][] };
  const find = orphanFinder({
    broker: {
      queues: async () => {
        scene.asked += 1;
        if (scene.queues instanceof Error) throw scene.queues;
        return scene.queues;
      },
    },
    clock,
    log,
    metrics: { orphaned: found => void scene.metered.push(found.map(({ name }) => name)) },
  });
  return { ...scene, scene, names: () => find()?.map(({ name }) => name) };
}

test('it answers with what was found last, and asks the broker once in thirty seconds at most', async () => {
  const { scene, clock, names } = set();
  scene.queues = [queue('event-sink.old', true), queue('event-sink.local', false)];
  assert.is(names(), undefined);
  await settled();
  assert.equal(names(), ['event-sink.old']);
  assert.is(scene.asked, 1);
  scene.queues = [];
  await clock.pass(30_001);
  assert.equal(names(), ['event-sink.old']);
  await settled();
  assert.equal(names(), []);
  assert.equal(scene.metered, [['event-sink.old'], []]);
});

test('each orphan is logged once, and again when it comes back', async () => {
  const { scene, clock, lines, names } = set();
  for (const there of [true, true, false, true]) {
    scene.queues = there ? [queue('event-sink.old', true)] : [];
    names();
    await clock.pass(30_001);
  }
  assert.equal(
    lines.map(({ level, line, fields }) => [level, line, fields]),
    [
      ['warn', 'queue.orphaned', { queue: 'event-sink.old', events: 7 }],
      ['warn', 'queue.orphaned', { queue: 'event-sink.old', events: 7 }],
    ],
  );
});

test('a broker that does not answer changes nothing', async () => {
  const { scene, clock, names } = set();
  scene.queues = [queue('event-sink.old', true)];
  names();
  await clock.pass(30_001);
  scene.queues = new Error('no connection');
  names();
  await settled();
  assert.equal(names(), ['event-sink.old']);
});

test.run();
