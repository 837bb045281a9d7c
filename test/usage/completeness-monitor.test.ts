import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../src/events/event.js';
import { silentLog } from '../../src/log.js';
import {
  CompletenessMonitor,
  heardLogs,
  type MonitoredLog,
  noteUsageOff,
} from '../../src/usage/completeness-monitor.js';
import { day, UsageScene, view } from './scene.js';

const second = 1_000;
const minute = 60_000;
const hour = 60 * minute;
const start = day + 10 * hour;

/** An access of the source that counts here. */
const page = (time: number): Event => ({ ...view(time), source: 'browser' });

/** A daemon with a clock that the test moves. */
class MonitorScene {
  readonly usage = new UsageScene({ source: 'browser' });
  readonly daemon = { state: 'ready' as 'ready' | 'outbox' | 'down', queueGaps: 0 };
  readonly lost = { events: 0 };
  readonly logs = new Map<string, MonitoredLog>();
  now = start;
  /** By how much the clock is wrong, ms. */
  ahead = 0;
  #monitor: CompletenessMonitor | undefined;

  async start(): Promise<void> {
    this.daemon.queueGaps = 0;
    this.#monitor = new CompletenessMonitor({
      storage: this.usage.calls,
      clock: { now: () => this.now + this.ahead, monotonic: () => this.now, sleep: async () => {} },
      log: silentLog,
      daemon: () => this.daemon,
      lost: async () => this.lost.events,
      logs: () => this.logs,
    });
    await this.#monitor.start();
  }

  /** @param readUntil until when it was read to its end; undefined = it is being read */
  log(file: string, readUntil: number | undefined, isUnreadable = false): void {
    this.logs.set(file, { readUntil, isUnreadable });
  }

  /** Looks once a second. */
  async runFor(ms: number): Promise<void> {
    for (const end = this.now + ms; this.now < end; ) {
      this.now += second;
      await this.#monitor?.check();
    }
  }

  async stop(): Promise<void> {
    await this.#monitor?.check(true);
  }

  /** `10:00 stopped 90 s`, `11:00 lost_events 3`. */
  gaps(): string[] {
    const rows = this.usage.scratch.read('usageGaps', { from: 0, to: Number.MAX_SAFE_INTEGER });
    return rows
      .filter(({ reason }) => reason !== 'before')
      .map(gap => {
        const at = new Date(gap.hour).toISOString().slice(11, 16);
        return `${at} ${gap.reason} ${gap.count > 0 ? gap.count : `${gap.ms / 1000} s`}`;
      });
  }
}

test('a daemon that was stopped has a gap, by the hours', async () => {
  const scene = new MonitorScene();
  await scene.start();
  await scene.runFor(10 * minute);
  await scene.stop();
  scene.now += 90 * minute;
  await scene.start();
  assert.equal(scene.gaps(), ['10:00 stopped 3000 s', '11:00 stopped 2400 s']);
});

test('a daemon that was killed says that it was away longer than it was, by half a minute at most', async () => {
  const scene = new MonitorScene();
  await scene.start();
  await scene.runFor(45 * second);
  scene.now += minute;
  await scene.start();
  assert.equal(scene.gaps(), ['10:00 stopped 75 s']);
  await scene.start();
  assert.equal(scene.gaps(), ['10:00 stopped 75 s'], 'once');
});

test('while RabbitMQ is away, and while nothing is taken', async () => {
  const scene = new MonitorScene();
  scene.now = start + 59 * minute;
  await scene.start();
  scene.daemon.state = 'outbox';
  await scene.runFor(2 * minute);
  scene.daemon.state = 'down';
  await scene.runFor(10 * second);
  scene.daemon.state = 'ready';
  await scene.runFor(minute);
  assert.equal(scene.gaps(), ['10:00 broker 60 s', '11:00 broker 70 s', '11:00 refused 10 s']);
});

test('a queue that had disappeared, and what was lost, are counted once over restarts', async () => {
  const scene = new MonitorScene();
  await scene.start();
  scene.daemon.queueGaps = 2;
  scene.lost.events = 3;
  await scene.runFor(hour);
  scene.lost.events = 1;
  await scene.runFor(10 * minute);
  scene.lost.events = 4;
  await scene.runFor(10 * minute);
  await scene.stop();
  await scene.start();
  await scene.runFor(10 * minute);
  const gaps = scene.gaps();
  assert.equal(gaps, ['10:00 lost_events 3', '10:00 queue 2', '11:00 lost_events 1']);
});

test('while counting was switched off, the daemon running or not', async () => {
  const scene = new MonitorScene();
  await scene.start();
  await scene.stop();
  scene.now += 10 * minute;
  await noteUsageOff(scene.usage.calls, scene.now);
  scene.now += 10 * minute;
  await noteUsageOff(scene.usage.calls, scene.now);
  scene.now += 10 * minute;
  await scene.start();
  assert.equal(scene.gaps(), ['10:00 off 1200 s', '10:00 stopped 600 s']);
  await scene.stop();
  await scene.start();
  assert.is(scene.gaps().length, 2);
});

test('switched off where it never was on is nothing', async () => {
  const scene = new MonitorScene();
  await noteUsageOff(scene.usage.calls, scene.now);
  await scene.start();
  assert.equal(scene.gaps(), []);
});

test('a clock that is set back is no gap', async () => {
  const scene = new MonitorScene();
  await scene.start();
  await scene.runFor(minute);
  scene.now -= hour;
  await scene.runFor(minute);
  await scene.stop();
  scene.now -= hour;
  await scene.start();
  assert.equal(scene.gaps(), []);
});

test('the month in which counting began lacks the hours before, unless an earlier release has counted it', async () => {
  const scene = new MonitorScene();
  await scene.start();
  await scene.usage.take(page(start));
  const [month] = await scene.usage.usage.completeness({ from: 0, to: 99_999_999 });
  assert.equal(
    month?.gaps.map(({ from, to, reason }) => [from, to, reason]),
    [[Date.UTC(2026, 2, 1), start, 'before']],
  );
  assert.is(month?.missingHours, 14 * 24 + 10);
  const upgraded = new MonitorScene();
  await upgraded.usage.take(page(start));
  await upgraded.start();
  assert.equal((await upgraded.usage.usage.completeness({ from: 0, to: 99_999_999 }))[0]?.gaps, []);
});

test('months say what waits, what is dead and what came late, and which were missed altogether', async () => {
  const scene = new MonitorScene();
  await scene.start();
  await scene.usage.take(page(start));
  await scene.stop();
  scene.now = Date.UTC(2026, 4, 2);
  await scene.start();
  await scene.usage.take(page(scene.now));
  scene.usage.waiting = { pending: 2, dead: 5, deadOf: new Map([[202603, 3]]) } as never;
  const months = await scene.usage.usage.completeness({ from: 202604_00, to: 202612_99 });
  assert.equal(
    months.map(({ month, missingHours, waiting, dead, late }) => [month, missingHours, waiting, dead, late]),
    [
      [202604, 720, 2, 2, 0],
      [202605, 24, 2, 2, 0],
    ],
  );
});

/** Minutes after the start. */
const heard = async (scene: MonitorScene): Promise<Record<string, number>> => {
  const logs = await heardLogs(scene.usage.calls);
  return Object.fromEntries([...logs].map(([file, { until }]) => [file, (until - start) / minute]));
};

test('until when each log was read is written down, and stays over a restart', async () => {
  const scene = new MonitorScene();
  scene.log('a', undefined);
  scene.log('b', undefined);
  await scene.start();
  assert.equal(await heard(scene), { a: 0, b: 0 }, 'what was written before the first start is not awaited');
  scene.log('a', start + 7 * minute);
  await scene.runFor(10 * minute);
  assert.equal(await heard(scene), { a: 7, b: 0 });
  await scene.stop();
  scene.now += 30 * minute;
  scene.log('a', undefined);
  scene.log('c', undefined);
  await scene.start();
  assert.equal(await heard(scene), { a: 7, b: 0, c: 10 }, 'one that is new is awaited from the last sign of life on');
  scene.logs.delete('b');
  await scene.runFor(minute);
  assert.equal(await heard(scene), { a: 7, c: 10 }, 'one that is not read any more is not awaited');
  noteUsageOff(scene.usage.calls, scene.now);
  assert.equal(await heard(scene), { a: 7, c: 10 });
});

test('a log of which more is just being read is another thing than one that is gone or cannot be read', async () => {
  const scene = new MonitorScene();
  scene.log('opened', undefined);
  scene.log('missing', undefined, true);
  scene.log('ended', start + minute);
  await scene.start();
  const stuck = async (): Promise<string[]> =>
    [...(await heardLogs(scene.usage.calls))].flatMap(([file, { isStuck }]) => (isStuck ? [file] : []));
  assert.equal(await stuck(), ['missing', 'ended']);
  scene.log('opened', undefined, true);
  scene.log('missing', undefined);
  await scene.runFor(minute);
  assert.equal(await stuck(), ['opened', 'ended']);
});

test('a log that is taken out of the settings while it was behind leaves its hours, once', async () => {
  const scene = new MonitorScene();
  scene.log('gone', start + 30 * minute);
  scene.log('fine', undefined);
  await scene.start();
  await scene.runFor(2 * hour);
  scene.log('fine', scene.now);
  await scene.stop();
  scene.logs.clear();
  await scene.start();
  assert.equal(scene.gaps(), ['09:00 unread_log 1800 s', '10:00 unread_log 3600 s', '11:00 unread_log 3600 s']);
  assert.equal(await heard(scene), {});
  await scene.runFor(minute);
  await scene.start();
  assert.is(scene.gaps().length, 3);
});

test('until when a log was read is not left to a clock that was ahead', async () => {
  const scene = new MonitorScene();
  scene.log('log', undefined);
  await scene.start();
  await scene.runFor(minute);
  const ahead = 40 * 24 * hour;
  scene.ahead = ahead;
  scene.log('log', scene.now + ahead);
  await scene.runFor(minute);
  scene.ahead = 0;
  await scene.runFor(30 * minute);
  const until = async (): Promise<number> => (await heard(scene)).log ?? Number.NaN;
  assert.is(await until(), 1 + 40 * 24 * 60, 'a jump back is not believed at once');
  scene.log('log', undefined);
  await scene.runFor(hour);
  const believed = await until();
  assert.ok(believed <= 92, String(believed));
  await scene.runFor(hour);
  assert.is(await until(), believed, 'and then it stands still');
});

test.run();
