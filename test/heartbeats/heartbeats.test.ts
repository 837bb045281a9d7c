import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { BeatKind } from '../../src/heartbeats/heartbeat.js';
import { Heartbeats } from '../../src/heartbeats/heartbeats.js';
import type { WrittenSchedule } from '../../src/heartbeats/schedule.js';
import { silentLog } from '../../src/log.js';

const hour = 3_600_000;

/** Heartbeats whose checkpoints are in memory, by a clock that is set. */
class World {
  now = Date.parse('2026-03-05T00:00:00Z');
  saved: string | undefined;
  fails = false;
  heartbeats!: Heartbeats;

  async start(declared: Readonly<Record<string, WrittenSchedule>> = {}): Promise<readonly string[]> {
    this.heartbeats = new Heartbeats({
      checkpoints: {
        get: async () => (this.saved === undefined ? undefined : JSON.parse(this.saved)),
        put: async (_key, value) => {
          if (this.fails) throw new Error('disk full');
          this.saved = JSON.stringify(value);
        },
      },
      clock: {
        now: () => this.now,
        monotonic: () => this.now,
        sleep: (_ms, signal) => new Promise(resolve => signal?.addEventListener('abort', () => resolve())),
      },
      log: silentLog,
      declared: new Map(Object.entries(declared)),
    });
    return this.heartbeats.open();
  }

  beat(name: string, kind: BeatKind = 'success', schedule: WrittenSchedule = {}, message?: string) {
    return this.heartbeats.record({ name, beat: { kind, message, at: this.now }, schedule });
  }

  /** Hours that pass while it listens. */
  passes(hours: number): void {
    for (let left = hours * hour; left > 0; left -= 10_000) {
      this.now += Math.min(left, 10_000);
      this.heartbeats.judge('any');
    }
  }

  reason(name: string): string | undefined {
    return this.heartbeats.judge(name)?.reason;
  }
}

test('what was heard of a job is durable when it is answered, and survives a kill', async () => {
  const world = new World();
  await world.start({ backup: { every: 86_400 } });
  assert.is(await world.beat('backup', 'failure', {}, 'disk full'), false);
  world.now += 1000;
  await world.start({ backup: { every: 86_400 } });
  assert.is(world.reason('backup'), 'the job failed: disk full');
  await world.beat('backup');
  world.passes(27);
  assert.match(world.reason('backup') ?? '', /^overdue: expected by 2026-03-06T00:00:01Z/);
  await world.heartbeats.close();
});

test('a job that nobody declared makes itself, with what it says of its interval, and comes back after a restart', async () => {
  const world = new World();
  assert.equal(await world.start(), []);
  assert.is(await world.beat('sync', 'success', { every: 3600 }), true);
  assert.is(await world.beat('sync'), false);
  assert.is(await world.beat('once'), true);
  world.passes(2);
  assert.equal([world.reason('sync')?.slice(0, 7), world.reason('once')], ['overdue', undefined]);
  await world.heartbeats.close();
  assert.equal(await world.start(), ['sync', 'once']);
  assert.match(world.reason('sync') ?? '', /^overdue/);
  await world.heartbeats.close();
});

test('the settings have the last word about the interval, and one that they drop is forgotten', async () => {
  const world = new World();
  await world.start({ backup: { every: 86_400 } });
  await world.beat('backup', 'success', { every: 60 });
  world.passes(1);
  assert.is(world.reason('backup'), undefined);
  await world.heartbeats.close();
  await world.start({ backup: { every: 600 } });
  world.passes(1);
  assert.match(world.reason('backup') ?? '', /^overdue: expected by 2026-03-05T00:10:00Z/);
  await world.heartbeats.close();
  await world.start();
  assert.is(world.reason('backup'), 'not heard of yet');
  await world.heartbeats.close();
});

test('a daemon that was away, or a machine that slept, does not blame the job', async () => {
  const world = new World();
  const declared = { backup: { every: 86_400, grace: 3600 } };
  await world.start(declared);
  await world.beat('backup');
  world.passes(22);
  await world.heartbeats.close();
  world.now += 5 * hour;
  await world.start(declared);
  assert.is(world.reason('backup'), undefined);
  world.passes(23);
  assert.match(world.reason('backup') ?? '', /^overdue: expected by 2026-03-07T00:00:00Z/);
  await world.beat('backup');
  world.passes(20);
  // Nobody closed it, and no tick came.
  world.now += 8 * hour;
  assert.is(world.reason('backup'), undefined);
  await world.heartbeats.close();
});

test('a thousand make themselves, and no more', async () => {
  const world = new World();
  await world.start({ backup: {} });
  for (let count = 0; count < 1_000; count += 1) await world.beat(`job-${count}`);
  assert.is(await world.beat('another'), undefined);
  assert.is(await world.beat('job-1'), false);
  assert.is(await world.beat('backup'), false);
  await world.heartbeats.close();
});

test('a disk that fails loses no beat that is known', async () => {
  const world = new World();
  await world.start();
  world.fails = true;
  await world.beat('sync', 'failure', {}, 'no route');
  assert.is(world.reason('sync'), 'the job failed: no route');
  world.fails = false;
  await world.heartbeats.close();
  await world.start();
  assert.is(world.reason('sync'), 'the job failed: no route');
  await world.heartbeats.close();
});

test.run();
