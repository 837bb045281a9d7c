import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { acceptEvent } from '../../../src/events/accept.js';
import { windowCounters } from '../../../src/events/window-counters.js';
import { DistinctSet } from '../../../src/nginx/traffic/distinct.js';
import { LogIds } from '../../../src/nginx/traffic/log-ids.js';
import { Windows } from '../../../src/nginx/traffic/windows.js';
import { idSecret } from '../scene.js';

const start = Date.UTC(2024, 2, 5, 10);
const requests = windowCounters.indexOf('requests');

/** A log in which only times matter. */
class Counting {
  now = start + 3_600_000;
  windows = this.#windows();
  readonly events: Record<string, unknown>[] = [];
  readonly ids = new Set<string>();
  lines = 0;

  #windows(windowMs = 60_000): Windows {
    return new Windows({ windowMs, log: 'access.log', now: () => this.now, ids: new LogIds(idSecret) });
  }

  /** One piece of the file. */
  add(...seconds: readonly number[]): this {
    for (const second of seconds) {
      const time = start + second * 1000;
      const window = this.windows.at(time, { file: 'file', offset: this.lines });
      window.counts[requests]! += 1;
      window.visitors.add(this.lines, second);
      this.windows.advance(time);
      this.lines += 1;
    }
    this.windows.closeDue();
    return this.#take();
  }

  /** The end of the file is reached. */
  end(): this {
    this.windows.closeByWallClock();
    return this.#take();
  }

  restart(windowMs?: number): this {
    const saved = JSON.stringify(this.windows.save());
    this.windows = this.#windows(windowMs);
    this.windows.restore(JSON.parse(saved));
    return this.#take();
  }

  #take(): this {
    for (const { id, body } of this.windows.takeClosed()) {
      assert.not(this.ids.has(id), `the id ${id} twice`);
      this.ids.add(id);
      this.events.push(JSON.parse(body));
    }
    return this;
  }

  /** Window (seconds from the start), part, requests. */
  get published(): unknown[] {
    return this.events.map(event => [(Number(event.window_start) - start) / 1000, event.part, event.requests]);
  }
}

test('a window closes when the log is five seconds past its end', () => {
  const counting = new Counting().add(0, 30, 59, 60, 64);
  assert.equal(counting.published, []);
  counting.add(65);
  assert.equal(counting.published, [[0, 0, 3]]);
});

test('lines that are a little late are in their window, later ones make another part of it', () => {
  const counting = new Counting();
  for (const second of [10, 62, 58, 66, 55, 56, 70, 57, 130, 50, 140]) counting.add(second);
  assert.equal(counting.published, [
    [0, 0, 2],
    [0, 1, 3],
    [60, 0, 3],
    [0, 2, 1],
  ]);
});

test('at the end of the file the wall clock closes', () => {
  const counting = new Counting();
  counting.now = start + 64_999;
  counting.add(10).end();
  assert.equal(counting.published, []);
  counting.now += 1;
  counting.end();
  assert.equal(counting.published, [[0, 0, 1]]);
  // A worker's buffer is written late.
  counting.add(20, 50).end();
  assert.equal(counting.published, [[0, 0, 1]]);
  counting.now += 60_000;
  counting.end();
  assert.equal(counting.published.at(-1), [0, 1, 2]);
});

test('a clock that was 40 days ahead for a while delays no window once it is right again', () => {
  const log = new Counting();
  const right = log.now;
  log.now = start;
  log.add(0);
  for (let second = 1; second <= 30; second += 1) {
    log.now = right + 40 * 86_400_000;
    log.add(second).end();
  }
  for (let second = 31; second <= 200; second += 1) {
    log.now = start + second * 1_000;
    log.add(second).end();
  }
  const closed = log.events.filter(event => Number(event.window_start) < start + 180_000);
  assert.is(
    closed.reduce((sum, event) => sum + Number(event.requests), 0),
    180,
  );
  assert.equal(log.events.at(-1), { ...log.events.at(-1), window_start: start + 120_000, part: 0, requests: 60 });
});

test('a line from the far future closes nothing but itself', () => {
  const counting = new Counting();
  const future = 10 * 365 * 86_400;
  counting.add(0, 1, future, 2, 30).add(66);
  assert.equal(counting.published, [
    [future, 0, 1],
    [0, 0, 4],
  ]);
});

test('a restart changes nothing', () => {
  const plain = new Counting();
  const restarted = new Counting();
  for (const second of [1, 2, 61, 70, 3, 62, 4, 140, 200]) {
    plain.add(second);
    restarted.add(second).restart();
  }
  assert.equal(restarted.end().events, plain.end().events);
});

test('after a change of the length, open windows are closed as they are', () => {
  const counting = new Counting().add(1, 2).restart(10_000);
  assert.equal(counting.published, [[0, 0, 2]]);
  counting.add(1, 30);
  assert.equal(counting.events.at(-1)?.window_seconds, 10);
});

test('few windows are open at a time', () => {
  const counting = new Counting();
  for (let window = 200; window > 0; window -= 1) counting.add(window * 60);
  assert.ok(counting.windows.save().open.length <= 32);
});

test('whatever the order of times: every line is in one event, and no event comes twice', () => {
  const seconds = fc.array(fc.oneof(fc.nat(300), fc.integer({ min: -1_000_000, max: 1_000_000 })), { maxLength: 80 });
  fc.assert(
    fc.property(seconds, fc.array(fc.nat(80)), (times, restarts) => {
      const counting = new Counting();
      for (const [index, second] of times.entries()) {
        counting.add(second);
        if (restarts.includes(index)) counting.restart();
        if (restarts.includes(index + 100)) counting.end();
      }
      counting.now = start + 1e12;
      counting.end();
      assert.is(
        counting.events.reduce((sum, event) => sum + Number(event.requests), 0),
        times.length,
      );
      assert.is(
        counting.events.reduce((sum, event) => sum + Number(event.visitors), 0),
        times.length,
      );
      const parts = counting.events.map(({ window_start, part }) => `${window_start} ${part}`);
      assert.is(new Set(parts).size, parts.length);
    }),
  );
});

test('the event is of the catalogue', () => {
  const [event] = new Counting().add(0, 66).events;
  assert.ok('message' in acceptEvent(event, { now: 0, source: 'nginx' }));
  assert.is(event?.created, start);
  assert.is(event?.log, 'access.log');
  assert.is(event?.window_seconds, 60);
});

test('a set counts like a Set, up to its bound, also when it was saved in between', () => {
  const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  const pairs = fc.array(fc.tuple(fc.oneof(fc.constant(0), word), fc.oneof(fc.constant(0), fc.constant(1), word)), {
    maxLength: 400,
  });
  fc.assert(
    fc.property(pairs, fc.integer({ min: 1, max: 300 }), (added, max) => {
      let set = new DistinctSet(max);
      const model = new Set<string>();
      for (const [index, [high, low]] of added.entries()) {
        set.add(high, low);
        // The one pair that stands for nothing counts as its neighbour.
        model.add(`${high >>> 0} ${high === 0 ? (low | 1) >>> 0 : low >>> 0}`);
        if (index % 50 === 49) set = DistinctSet.restore(max, set.save());
      }
      assert.is(set.size, Math.min(max, model.size));
      assert.is(set.capped, model.size > max);
    }),
  );
});

test.run();
