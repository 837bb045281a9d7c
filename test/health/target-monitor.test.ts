import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Message } from '../../src/events/message.js';
import { declarationOf } from '../../src/health/declaration.js';
import type { Declaration } from '../../src/health/maintenance.js';
import type { Finding } from '../../src/health/result.js';
import { readState } from '../../src/health/saved-state.js';
import { TargetMonitor } from '../../src/health/target-monitor.js';
import { targetOf } from './probes/looking.js';

const start = 1_772_690_400_000;
const minute = 60_000;
type Told = Readonly<Record<string, unknown>>;

/** A target looked at every minute: findings in, told changes out. */
class Watched {
  watch: TargetMonitor;
  now = start;
  readonly told: Told[] = [];
  readonly ids: string[] = [];
  readonly health: Told[] = [];
  readonly #written: object;

  constructor(more: object = {}) {
    this.#written = { name: 'clowder', url: 'https://clowder.example.org/', interval: 60, ...more };
    this.watch = new TargetMonitor(targetOf(this.#written));
  }

  see(...findings: readonly Finding[]): this {
    for (const finding of findings) {
      const loss = finding === 'down' ? 100 : 0;
      const reason = finding === 'up' ? undefined : `it is ${finding}`;
      const result = { finding, reason, times: undefined, loss, readings: {} };
      const { event, changes, changed } = this.watch.observe({ at: this.now, ended: this.now + 10, result });
      this.health.push(JSON.parse(event.body));
      if (changes.length > 0) assert.ok(changed);
      this.#note(changes);
      this.now += minute;
    }
    return this;
  }

  declare(status: string, window: { from?: number; until?: number } = {}, at = this.now): this {
    const { from = at, until } = window;
    const declaration: Declaration = { service: 'clowder', status, at, window: { from, until, message: 'works' } };
    this.#note(this.watch.declare(declaration, this.now));
    return this;
  }

  /** The daemon ends, and is there again after so many minutes. */
  restart(minutes = 0, more: object = {}): this {
    const kept = readState(JSON.parse(JSON.stringify(this.watch.saved)));
    assert.ok(kept);
    this.now += minutes * minute;
    this.watch = new TargetMonitor(targetOf({ ...this.#written, ...more }), kept);
    const before = this.watch.pending.length;
    this.watch.resume(this.now);
    this.#note(this.watch.pending.slice(before));
    return this;
  }

  get types(): unknown[] {
    return this.told.map(({ type }) => type);
  }

  #note(messages: readonly Message[]): void {
    for (const { id, body } of messages) {
      this.ids.push(id);
      this.told.push(JSON.parse(body));
    }
  }
}

const at = (minutes: number): number => start + minutes * minute;

test('a good beginning is not told; a bad one is', () => {
  assert.equal(new Watched().see('up', 'up', 'up').types, []);
  const bad = new Watched().see('down', 'down');
  assert.equal(bad.types, ['down']);
  assert.is(bad.told[0]?.from, start);
});

test('one event a change, with the outage and how long it was', () => {
  const watched = new Watched().see('up', 'up', 'down', 'down', 'down', 'up', 'up', 'up');
  assert.equal(watched.told, [
    {
      category: 'service_status',
      type: 'down',
      service_name: 'clowder',
      target: 'https://clowder.example.org/',
      message: 'it is down',
      healthy: false,
      uptime: 50,
      response_time_loss: 100,
      from: at(2),
      created: at(3),
    },
    {
      category: 'service_status',
      type: 'up',
      service_name: 'clowder',
      target: 'https://clowder.example.org/',
      healthy: true,
      uptime: 57.143,
      response_time_loss: 0,
      from: at(2),
      until: at(5),
      outage_seconds: 180,
      created: at(6),
    },
  ]);
  assert.is(watched.health.length, 8);
  assert.is(watched.health[4]?.message, 'it is down');
});

test('less than the threshold in a row changes nothing, in either direction', () => {
  assert.equal(new Watched().see('up', 'up', 'down', 'up', 'down', 'up', 'up').types, []);
  assert.equal(new Watched().see('down', 'down', 'up', 'down', 'up', 'down').types, ['down']);
  const strict = new Watched({ threshold: { down: 1, up: 3 } }).see('up', 'down', 'up', 'up');
  assert.equal(strict.types, ['down']);
  assert.equal(strict.see('up').types, ['down', 'up']);
});

test('degraded is told on the way down and on the way up, and ends an outage', () => {
  const watched = new Watched().see(
    'up',
    'up',
    'degraded',
    'degraded',
    'down',
    'down',
    'degraded',
    'degraded',
    'up',
    'up',
  );
  assert.equal(watched.types, ['degraded', 'down', 'degraded', 'up']);
  assert.equal([watched.told[2]?.outage_seconds, watched.told[2]?.message], [120, 'it is degraded']);
  assert.is(watched.told[3]?.outage_seconds, undefined);
  assert.is(watched.told[0]?.healthy, true);
});

test('a restart goes on with the state of before: nothing is told twice', () => {
  const watched = new Watched().see('up', 'up', 'down', 'down').restart().see('down', 'down');
  assert.equal(watched.types, ['down']);
  assert.equal(watched.restart().see('up', 'up').types, ['down', 'up']);
  assert.is(watched.told[1]?.outage_seconds, 240);
  assert.is(watched.told[1]?.unknown_seconds, undefined);
});

test('a streak goes on over a short restart', () => {
  assert.equal(new Watched().see('up', 'up', 'down').restart(1).see('down').types, ['down']);
});

test('time in which the daemon was down is unknown: not up, not down', () => {
  const watched = new Watched().see('up', 'up').restart(30);
  assert.is(watched.watch.status, 'unknown');
  watched.see('up');
  assert.is(watched.watch.status, 'up');
  assert.is(watched.health[2]?.unknown_seconds, 31 * 60 - 0.01);
  assert.is(watched.health[2]?.uptime, 100);
  assert.is(watched.see('up').health[3]?.unknown_seconds, undefined);

  const hurt = new Watched().see('down', 'down', 'down').restart(30).see('up', 'up');
  assert.equal(hurt.types, ['down', 'up']);
  const { from, until, outage_seconds: known, unknown_seconds: unknown } = hurt.told[1] ?? {};
  assert.equal([from, until, known, unknown], [at(0), at(33), 120.01, 31 * 60 - 0.01]);
});

test('results from before and after such a time are not in a row', () => {
  const watched = new Watched().see('up', 'up', 'down').restart(30).see('down');
  assert.equal([watched.types, watched.watch.status], [[], 'unknown']);
  assert.equal(watched.see('down').types, ['down']);
});

test('a crash before the events are published gives the same events, under the same ids', () => {
  const watched = new Watched().see('up', 'up', 'down', 'down');
  const again = watched.restart().watch.pending;
  assert.equal(
    again.map(({ id }) => id),
    watched.ids,
  );
  watched.watch.published(new Set(watched.ids));
  assert.equal(watched.restart().watch.pending, []);
});

test('the same change found again, from an older state, is the same event', () => {
  const watched = new Watched().see('up', 'up', 'down');
  const twin = new Watched().see('up', 'up', 'down');
  assert.equal(watched.see('down').ids, twin.see('down').ids);
  assert.is.not(new Watched({ name: 'other' }).see('down', 'down').ids[0], new Watched().see('down', 'down').ids[0]);
});

test('a window of the configuration is told, and what happens in it is not', () => {
  const maintenance = [{ from: at(2), until: at(6), message: 'upgrade' }];
  const watched = new Watched({ maintenance }).see('up', 'up', 'down', 'down', 'down', 'up', 'up');
  assert.equal(watched.types, ['maintenance', 'up']);
  const [begin, end] = watched.told;
  assert.equal([begin?.from, begin?.until, begin?.message], [at(2), at(6), 'upgrade']);
  assert.equal([end?.message, end?.outage_seconds], ['maintenance has ended', undefined]);
  assert.is(watched.health.at(-1)?.uptime, 100);
  assert.is(watched.health[3]?.healthy, false);
});

test('what is down when the window ends is told then, and the outage begins there', () => {
  const maintenance = [{ from: at(2), until: at(6) }];
  const watched = new Watched({ maintenance }).see('up', 'up', 'down', 'down', 'down', 'down', 'down', 'up', 'up');
  assert.equal(watched.types, ['maintenance', 'down', 'up']);
  assert.is(watched.told[1]?.from, at(6));
  assert.equal([watched.told[2]?.from, watched.told[2]?.outage_seconds], [at(6), 60]);
});

test('maintenance in the middle of an outage does not count as outage', () => {
  const watched = new Watched().see('down', 'down').declare('maintenance', { until: at(5) });
  watched.see('down', 'down', 'down', 'up', 'up');
  assert.equal(watched.types, ['down', 'up']);
  assert.is(watched.told[1]?.outage_seconds, 120);
});

test('an outage that maintenance interrupts goes on after it', () => {
  const watched = new Watched().see('down', 'down').declare('maintenance', { until: at(5) });
  watched.see('down', 'down', 'down', 'down', 'up', 'up');
  assert.equal(watched.types, ['down', 'down', 'up']);
  assert.equal([watched.told[1]?.from, watched.told[2]?.from, watched.told[2]?.outage_seconds], [at(0), at(0), 180]);
});

test('declared maintenance holds until its end; the declaration is its event', () => {
  const watched = new Watched().see('up', 'up').declare('maintenance', { until: at(4) });
  assert.is(watched.watch.status, 'maintenance');
  assert.equal(watched.see('down', 'down').types, []);
  assert.equal(watched.restart().see('down').types, ['down']);
  assert.is(watched.told[0]?.from, at(4));
});

test('declared maintenance without an end lasts until somebody says something else', () => {
  const watched = new Watched().see('up', 'up').declare('maintenance').see('down', 'down', 'up', 'up');
  assert.is(watched.watch.status, 'maintenance');
  assert.equal(watched.declare('up').see('up', 'up').types, []);
  assert.is(watched.watch.status, 'up');
  const early = new Watched().see('up', 'up').declare('maintenance').see('down', 'down').declare('up').see('down');
  assert.equal(early.types, ['down']);
});

test('maintenance declared afterwards corrects the outage that was told', () => {
  const watched = new Watched().see('up', 'up', 'down', 'down', 'up', 'up');
  watched.declare('maintenance', { from: at(1), until: at(4) });
  const { type, corrects, from, until, message } = watched.told[2] ?? {};
  assert.equal([type, corrects, from, until, message], ['maintenance', watched.ids[0], at(2), at(4), 'works']);
  assert.is(watched.watch.uptime, 100);
  assert.is(watched.see('up').types.length, 3);
  assert.is(watched.declare('maintenance', { from: at(1), until: at(4) }).types.length, 3);
});

test('so does a window that is written into the configuration afterwards, once', () => {
  const watched = new Watched().see('up', 'up', 'down', 'down', 'up', 'up');
  const more = { maintenance: [{ from: at(2), until: at(4) }] };
  assert.equal(watched.restart(0, more).types, ['down', 'up', 'maintenance']);
  assert.is(watched.restart(0, more).types.length, 3);
});

test('maintenance declared during an outage corrects it, and its end is not told as a recovery', () => {
  const watched = new Watched().see('up', 'up', 'down', 'down').declare('maintenance', { from: at(2), until: at(8) });
  assert.equal([watched.told[1]?.corrects, watched.told[1]?.until], [watched.ids[0], at(8)]);
  watched.see('up', 'up').see('up', 'up', 'up');
  assert.equal(watched.types, ['down', 'maintenance', 'up']);
  assert.is(watched.told[2]?.outage_seconds, 0);
});

test('maintenance of the future begins when it is due, and nonsense is left alone', () => {
  const watched = new Watched().see('up', 'up').declare('maintenance', { from: at(4), until: at(6) });
  assert.is(watched.watch.status, 'up');
  watched.see('up', 'up', 'up');
  assert.is(watched.watch.status, 'maintenance');
  watched.see('up', 'up');
  assert.equal([watched.watch.status, watched.types], ['up', ['up']]);
  watched
    .declare('maintenance', { from: at(20), until: at(19) })
    .declare('degraded')
    .see('up');
  assert.is(watched.watch.status, 'up');
});

test('uptime is of a day, by the checks that were made', () => {
  const watched = new Watched()
    .see('down', 'down')
    .restart(60 * 23)
    .see('up', 'up');
  assert.is(watched.watch.uptime, 50);
  watched.restart(120).see('up');
  assert.is(watched.watch.uptime, 100);
});

test('a memory that cannot be read is none', () => {
  assert.is(readState(undefined), undefined);
  assert.is(readState({ version: 2 }), undefined);
});

test('a declaration is read from an event, and from nothing else', () => {
  const message = (event: unknown, source: Message['source'] = 'http'): Message => ({
    id: 'a',
    body: typeof event === 'string' ? event : JSON.stringify(event),
    source,
    received: start,
  });
  const event = {
    category: 'service_status',
    type: 'maintenance',
    service_name: 'clowder',
    until: '2026-03-05T08:00:00Z',
  };
  assert.equal(declarationOf(message(event)), {
    service: 'clowder',
    status: 'maintenance',
    at: start,
    window: { from: start, until: 1_772_697_600_000, message: undefined },
  });
  assert.is(declarationOf(message(event, 'health')), undefined);
  assert.is(declarationOf(message({ category: 'upload', type: 'service_status' })), undefined);
  assert.is(declarationOf(message('"service_status" is no JSON')), undefined);
  assert.is(declarationOf(message({ ...event, service_name: 7 })), undefined);
});

test.run();
