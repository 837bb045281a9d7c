import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Message } from '../../src/events/message.js';
import type { Declaration } from '../../src/health/maintenance.js';
import type { Finding, Result } from '../../src/health/result.js';
import { readState, storedState } from '../../src/health/saved-state.js';
import { TargetMonitor } from '../../src/health/target-monitor.js';
import { targetOf } from '../helpers/health.js';

const start = 1_772_690_400_000;
const minute = 60_000;
type Payload = Readonly<Record<string, unknown>>;

/** A target checked every minute: findings in, announced changes out. */
class MonitoredTarget {
  #declarations = 0;
  monitor: TargetMonitor;
  now = start;
  readonly announced: Payload[] = [];
  readonly ids: string[] = [];
  readonly health: Payload[] = [];
  readonly #written: object;

  constructor(more: object = {}) {
    this.#written = { name: 'clowder', url: 'https://clowder.example.org/', interval: 60, ...more };
    this.monitor = new TargetMonitor(targetOf(this.#written), 'id-secret-of-tests');
  }

  runs(...findings: readonly Finding[]): this {
    for (const finding of findings) {
      this.finds(finding);
      this.now += minute;
    }
    return this;
  }

  /** One run, with what a target that it depends on adds to it. */
  finds(finding: Result['finding'], more: Partial<Result> = {}): void {
    const loss = finding === 'down' ? 100 : 0;
    const reason = finding === 'up' ? undefined : `it is ${finding}`;
    const result = { finding, reason, times: undefined, loss, readings: {}, ...more };
    const { event, changes, changed } = this.monitor.observe({ at: this.now, ended: this.now + 10, result });
    if (event !== undefined) this.health.push(JSON.parse(event.body));
    if (changes.length > 0) assert.ok(changed);
    this.#note(changes);
  }

  declare(status: string, span: { from?: number; until?: number; id?: string } = {}, at = this.now): this {
    this.#declarations += 1;
    const { from = at, until, id = `said-${this.#declarations}` } = span;
    const window = { from, until, message: 'works' };
    const declaration: Declaration = { service: 'clowder', status, at, id, by: undefined, window };
    this.#note(this.monitor.declare(declaration, this.now));
    return this;
  }

  callOff(withdraws: string): this {
    const window = { from: this.now, until: undefined, message: undefined };
    const said = { service: 'clowder', status: 'withdrawn', at: this.now, id: 'no', by: undefined, window, withdraws };
    this.#note(this.monitor.declare(said, this.now));
    return this;
  }

  /** The daemon ends, and starts again some minutes later. */
  restart(minutes = 0, more: object = {}): this {
    const kept = readState(JSON.parse(JSON.stringify(storedState(this.monitor.saved))));
    assert.ok(kept);
    this.now += minutes * minute;
    this.monitor = new TargetMonitor(targetOf({ ...this.#written, ...more }), 'id-secret-of-tests', kept);
    const before = this.monitor.pending.length;
    this.monitor.resume(this.now);
    this.#note(this.monitor.pending.slice(before));
    return this;
  }

  get types(): unknown[] {
    return this.announced.map(({ type }) => type);
  }

  #note(messages: readonly Message[]): void {
    for (const { id, body } of messages) {
      this.ids.push(id);
      this.announced.push(JSON.parse(body));
    }
  }
}

const at = (minutes: number): number => start + minutes * minute;

test('a good beginning is not announced; a bad one is', () => {
  assert.equal(new MonitoredTarget().runs('up', 'up', 'up').types, []);
  const bad = new MonitoredTarget().runs('down', 'down');
  assert.equal(bad.types, ['down']);
  assert.is(bad.announced[0]?.from, start);
});

test('one event a change, with the outage and how long it was', () => {
  const monitored = new MonitoredTarget().runs('up', 'up', 'down', 'down', 'down', 'up', 'up', 'up');
  assert.equal(monitored.announced, [
    {
      category: 'service_status',
      type: 'down',
      service_name: 'clowder',
      target: 'https://clowder.example.org/',
      message: 'it is down',
      healthy: false,
      uptime: 50,
      response_time_loss: 100,
      since: at(2),
      previous_state: 'up',
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
      since: at(5),
      previous_state: 'down',
      from: at(2),
      until: at(5),
      outage_seconds: 180,
      created: at(6),
    },
  ]);
  assert.is(monitored.health.length, 8);
  assert.is(monitored.health[4]?.message, 'it is down');
});

test('less than the threshold in a row changes nothing, in either direction', () => {
  assert.equal(new MonitoredTarget().runs('up', 'up', 'down', 'up', 'down', 'up', 'up').types, []);
  assert.equal(new MonitoredTarget().runs('down', 'down', 'up', 'down', 'up', 'down').types, ['down']);
  const strict = new MonitoredTarget({ threshold: { down: 1, up: 3 } }).runs('up', 'down', 'up', 'up');
  assert.equal(strict.types, ['down']);
  assert.equal(strict.runs('up').types, ['down', 'up']);
});

test('degraded is announced on the way down and on the way up, and ends an outage', () => {
  const monitored = new MonitoredTarget().runs(
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
  assert.equal(monitored.types, ['degraded', 'down', 'degraded', 'up']);
  assert.equal([monitored.announced[2]?.outage_seconds, monitored.announced[2]?.message], [120, 'it is degraded']);
  assert.is(monitored.announced[3]?.outage_seconds, undefined);
  assert.is(monitored.announced[0]?.healthy, true);
});

test('down and degraded in turn are announced as degraded, once', () => {
  const monitored = new MonitoredTarget();
  for (let run = 0; run < 11; run += 1) monitored.runs('down', 'degraded');
  assert.equal([monitored.monitor.status, monitored.types], ['degraded', ['degraded']]);
  assert.is(monitored.announced[0]?.created, at(1), 'after two runs that are not up');
  const before = new MonitoredTarget().runs('up', 'up', 'degraded', 'down', 'degraded', 'down');
  assert.equal([before.monitor.status, before.types], ['degraded', ['degraded']]);
});

test('runs that go to and fro do not hide the state for ever, after a restart or maintenance', () => {
  const restarted = new MonitoredTarget().runs('degraded', 'degraded').restart(30).runs('up', 'down', 'up', 'down');
  assert.is(restarted.monitor.status, 'degraded');
  const maintenance = [{ from: at(2), until: at(4) }];
  const monitored = new MonitoredTarget({ maintenance }).runs('degraded', 'degraded', 'degraded', 'degraded');
  monitored.runs('up', 'down', 'up', 'down');
  assert.equal(monitored.types, ['degraded', 'maintenance', 'degraded']);
});

test('a restart goes on with the state of before: nothing is announced twice', () => {
  const monitored = new MonitoredTarget().runs('up', 'up', 'down', 'down').restart().runs('down', 'down');
  assert.equal(monitored.types, ['down']);
  assert.equal(monitored.restart().runs('up', 'up').types, ['down', 'up']);
  assert.is(monitored.announced[1]?.outage_seconds, 240);
  assert.is(monitored.announced[1]?.unknown_seconds, undefined);
});

test('a streak goes on over a short restart', () => {
  assert.equal(new MonitoredTarget().runs('up', 'up', 'down').restart(1).runs('down').types, ['down']);
});

test('time in which the daemon was down is unknown: not up, not down', () => {
  const monitored = new MonitoredTarget().runs('up', 'up').restart(30);
  assert.is(monitored.monitor.status, 'unknown');
  monitored.runs('up');
  assert.is(monitored.monitor.status, 'up');
  assert.is(monitored.health[2]?.unknown_seconds, 31 * 60 - 0.01);
  assert.is(monitored.health[2]?.uptime, 100);
  assert.is(monitored.runs('up').health[3]?.unknown_seconds, undefined);

  const hurt = new MonitoredTarget().runs('down', 'down', 'down').restart(30).runs('up', 'up');
  assert.equal(hurt.types, ['down', 'up']);
  const { from, until, outage_seconds: known, unknown_seconds: unknown } = hurt.announced[1] ?? {};
  assert.equal([from, until, known, unknown], [at(0), at(33), 120.01, 31 * 60 - 0.01]);
});

test('results from before and after such a time are not in a row', () => {
  const monitored = new MonitoredTarget().runs('up', 'up', 'down').restart(30).runs('down');
  assert.equal([monitored.types, monitored.monitor.status], [[], 'unknown']);
  assert.equal(monitored.runs('down').types, ['down']);
});

test('a crash before the events are published gives the same events, under the same ids', () => {
  const monitored = new MonitoredTarget().runs('up', 'up', 'down', 'down');
  const again = monitored.restart().monitor.pending;
  assert.equal(
    again.map(({ id }) => id),
    monitored.ids,
  );
  monitored.monitor.published(new Set(monitored.ids));
  assert.equal(monitored.restart().monitor.pending, []);
});

test('the same change found again, from an older state, is the same event', () => {
  const monitored = new MonitoredTarget().runs('up', 'up', 'down');
  const twin = new MonitoredTarget().runs('up', 'up', 'down');
  assert.equal(monitored.runs('down').ids, twin.runs('down').ids);
  assert.is.not(
    new MonitoredTarget({ name: 'other' }).runs('down', 'down').ids[0],
    new MonitoredTarget().runs('down', 'down').ids[0],
  );
});

test('a window of the configuration is announced, and what happens in it is not', () => {
  const maintenance = [{ from: at(2), until: at(6), message: 'upgrade' }];
  const monitored = new MonitoredTarget({ maintenance }).runs('up', 'up', 'down', 'down', 'down', 'up', 'up');
  assert.equal(monitored.types, ['maintenance', 'up']);
  const [begin, end] = monitored.announced;
  assert.equal([begin?.from, begin?.until, begin?.message], [at(2), at(6), 'upgrade']);
  assert.equal([end?.message, end?.outage_seconds], ['maintenance has ended', undefined]);
  assert.is(monitored.health.at(-1)?.uptime, 100);
  assert.is(monitored.health[3]?.healthy, false);
});

test('what is down when the window ends is announced then, and the outage begins there', () => {
  const maintenance = [{ from: at(2), until: at(6) }];
  const monitored = new MonitoredTarget({ maintenance }).runs(
    'up',
    'up',
    'down',
    'down',
    'down',
    'down',
    'down',
    'up',
    'up',
  );
  assert.equal(monitored.types, ['maintenance', 'down', 'up']);
  assert.is(monitored.announced[1]?.from, at(6));
  assert.equal([monitored.announced[2]?.from, monitored.announced[2]?.outage_seconds], [at(6), 60]);
});

test('maintenance in the middle of an outage does not count as outage', () => {
  const monitored = new MonitoredTarget().runs('down', 'down').declare('maintenance', { until: at(5) });
  monitored.runs('down', 'down', 'down', 'up', 'up');
  assert.equal(monitored.types, ['down', 'up']);
  assert.is(monitored.announced[1]?.outage_seconds, 120);
});

test('an outage that maintenance interrupts goes on after it', () => {
  const monitored = new MonitoredTarget().runs('down', 'down').declare('maintenance', { until: at(5) });
  monitored.runs('down', 'down', 'down', 'down', 'up', 'up');
  assert.equal(monitored.types, ['down', 'down', 'up']);
  assert.equal(
    [monitored.announced[1]?.from, monitored.announced[2]?.from, monitored.announced[2]?.outage_seconds],
    [at(0), at(0), 180],
  );
});

test('declared maintenance holds until its end; the declaration is its event', () => {
  const monitored = new MonitoredTarget().runs('up', 'up').declare('maintenance', { until: at(4) });
  assert.is(monitored.monitor.status, 'maintenance');
  assert.equal(monitored.runs('down', 'down').types, []);
  assert.equal(monitored.restart().runs('down').types, ['down']);
  assert.is(monitored.announced[0]?.from, at(4));
});

test('declared maintenance without an end lasts until somebody says something else', () => {
  const monitored = new MonitoredTarget().runs('up', 'up').declare('maintenance').runs('down', 'down', 'up', 'up');
  assert.is(monitored.monitor.status, 'maintenance');
  assert.equal(monitored.declare('up').runs('up', 'up').types, []);
  assert.is(monitored.monitor.status, 'up');
  const early = new MonitoredTarget()
    .runs('up', 'up')
    .declare('maintenance')
    .runs('down', 'down')
    .declare('up')
    .runs('down');
  assert.equal(early.types, ['down']);
});

test('a correction of another time, and a word that is no status, leave maintenance as it is', () => {
  const monitored = new MonitoredTarget().runs('up', 'up', 'up').declare('maintenance', { until: at(9) });
  monitored.declare('up', { from: at(0), until: at(1) }).declare('works');
  assert.is(monitored.runs('down', 'down').monitor.status, 'maintenance');
  assert.equal(monitored.types, []);
});

test('maintenance that is called off before it begins never comes, over a restart and when it is declared once more by the same event', () => {
  const ahead = { from: at(4), until: at(9), id: 'upgrade' };
  const monitored = new MonitoredTarget().runs('up', 'up').declare('maintenance', ahead).callOff('another');
  const kept = monitored.monitor.saved.declared;
  assert.equal(kept, [ahead]);
  monitored.callOff('upgrade').restart();
  assert.equal(monitored.declare('maintenance', ahead).runs('up', 'up', 'up', 'down', 'down').types, ['down']);
  assert.is(monitored.monitor.status, 'down');
});

test('maintenance that is called off while it goes on was none: what failed in it is announced', () => {
  const monitored = new MonitoredTarget().runs('up', 'up').declare('maintenance', { until: at(9), id: 'upgrade' });
  monitored.runs('down', 'down');
  assert.equal([monitored.types, monitored.monitor.status], [[], 'maintenance']);
  assert.equal(monitored.callOff('upgrade').runs('down').types, ['down']);
  assert.is(monitored.announced[0]?.from, at(2));
});

test('maintenance that is declared anew for a time that overlaps takes the place of what was declared before', () => {
  const spans = (...declared: readonly (readonly [from: number, until?: number])[]) => {
    const monitored = new MonitoredTarget().runs('up', 'up');
    for (const [place, [from, until]] of declared.entries())
      monitored.declare('maintenance', {
        ...{ id: `said-${place}`, from: at(from) },
        ...(until === undefined ? {} : { until: at(until) }),
      });
    return monitored.monitor.saved.declared
      .filter(one => one.until !== one.from)
      .map(({ from, until }) => [(from - at(0)) / minute, until === null ? null : (until - at(0)) / minute]);
  };
  // It is minute 2. What has not begun is moved, or cut, as the last word says.
  assert.equal(spans([10, 20], [12, 14]), [[12, 14]]);
  assert.equal(spans([10, 20], [15, 30]), [[15, 30]]);
  // What goes on ends where the other begins.
  assert.equal(spans([1, 20], [2, 5]), [
    [1, 2],
    [2, 5],
  ]);
  assert.equal(spans([1], [2, 5]), [
    [1, 2],
    [2, 5],
  ]);
  // The past, and other times, stay as they are.
  assert.equal(spans([1, 20], [0, 2]), [
    [1, 20],
    [0, 2],
  ]);
  assert.equal(spans([10, 20], [20, 30]), [
    [10, 20],
    [20, 30],
  ]);
});

test('checks in maintenance say so, and no others', () => {
  const flags = (monitored: MonitoredTarget) => monitored.health.map(({ maintenance }) => maintenance);
  const configured = new MonitoredTarget({ maintenance: [{ from: at(1), until: at(3) }] });
  assert.equal(flags(configured.runs('up', 'down', 'down', 'up')), [undefined, true, true, undefined]);
  const declared = new MonitoredTarget().runs('up').declare('maintenance').runs('down', 'up').declare('up').runs('up');
  assert.equal(flags(declared), [undefined, true, true, undefined]);
  assert.equal(
    declared
      .restart()
      .declare('maintenance')
      .restart()
      .runs('down')
      .health.map(({ healthy, maintenance }) => [healthy, maintenance])
      .at(-1),
    [false, true],
  );
});

test('maintenance declared afterwards corrects the outage that was announced', () => {
  const monitored = new MonitoredTarget().runs('up', 'up', 'down', 'down', 'up', 'up');
  monitored.declare('maintenance', { from: at(1), until: at(4) });
  const { type, corrects, from, until, message } = monitored.announced[2] ?? {};
  assert.equal([type, corrects, from, until, message], ['maintenance', monitored.ids[0], at(2), at(4), 'works']);
  assert.is(monitored.monitor.uptime, 100);
  assert.is(monitored.runs('up').types.length, 3);
  assert.is(monitored.declare('maintenance', { from: at(1), until: at(4) }).types.length, 3);
});

test('an outage that was corrected by maintenance is one again once that is called off, and is corrected anew', () => {
  const monitored = new MonitoredTarget().runs('up', 'up', 'down', 'down', 'up', 'up');
  monitored
    .declare('maintenance', { from: at(1), until: at(4), id: 'mistaken' })
    .restart()
    .callOff('mistaken');
  const { type, corrects, from, until } = monitored.announced[3] ?? {};
  assert.equal([type, corrects, from, until], ['down', monitored.ids[0], at(2), at(4)]);
  assert.is(monitored.callOff('mistaken').types.length, 4);
  monitored.runs('up').declare('maintenance', { from: at(2), until: at(3) });
  assert.equal([monitored.types.length, monitored.announced[4]?.type], [5, 'maintenance']);
  assert.equal([monitored.announced[4]?.corrects, monitored.announced[4]?.until], [monitored.ids[0], at(3)]);
  // Under another window it was maintenance all the same, until that is called off as well.
  const twice = new MonitoredTarget().runs('up', 'up', 'down', 'down', 'up', 'up');
  for (const id of ['one', 'other']) twice.declare('maintenance', { from: at(1), until: at(4), id });
  assert.is(twice.callOff('one').types.length, 3);
  assert.is(twice.callOff('other').types.length, 4);
});

test('an outage that goes on while maintenance over it is called off was one all the time', () => {
  const monitored = new MonitoredTarget().runs('up', 'up', 'down', 'down');
  monitored
    .declare('maintenance', { from: at(1), id: 'mistaken' })
    .runs('down')
    .callOff('mistaken');
  const { type, corrects, from, until } = monitored.announced[2] ?? {};
  assert.equal([type, corrects, from, until], ['down', monitored.ids[0], at(2), at(5)]);
  assert.equal(monitored.runs('down', 'up', 'up').types, ['down', 'maintenance', 'down', 'down', 'up']);
  assert.is(monitored.announced[4]?.outage_seconds, 240);
});

test('so does a window that is written into the configuration afterwards, once', () => {
  const monitored = new MonitoredTarget().runs('up', 'up', 'down', 'down', 'up', 'up');
  const more = { maintenance: [{ from: at(2), until: at(4) }] };
  assert.equal(monitored.restart(0, more).types, ['down', 'up', 'maintenance']);
  assert.is(monitored.restart(0, more).types.length, 3);
});

test('maintenance declared during an outage corrects it, and its end is not announced as a recovery', () => {
  const monitored = new MonitoredTarget()
    .runs('up', 'up', 'down', 'down')
    .declare('maintenance', { from: at(2), until: at(8) });
  assert.equal([monitored.announced[1]?.corrects, monitored.announced[1]?.until], [monitored.ids[0], at(8)]);
  monitored.runs('up', 'up').runs('up', 'up', 'up');
  assert.equal(monitored.types, ['down', 'maintenance', 'up']);
  assert.is(monitored.announced[2]?.outage_seconds, 0);
});

test('maintenance of the future begins when it is due, and nonsense is left alone', () => {
  const monitored = new MonitoredTarget().runs('up', 'up').declare('maintenance', { from: at(4), until: at(6) });
  assert.is(monitored.monitor.status, 'up');
  monitored.runs('up', 'up', 'up');
  assert.is(monitored.monitor.status, 'maintenance');
  monitored.runs('up', 'up');
  assert.equal([monitored.monitor.status, monitored.types], ['up', ['up']]);
  monitored
    .declare('maintenance', { from: at(20), until: at(19) })
    .declare('degraded')
    .runs('up');
  assert.is(monitored.monitor.status, 'up');
});

test('uptime is of a day, by the checks that were made', () => {
  const monitored = new MonitoredTarget()
    .runs('down', 'down')
    .restart(60 * 23)
    .runs('up', 'up');
  assert.is(monitored.monitor.uptime, 50);
  monitored.restart(120).runs('up');
  assert.is(monitored.monitor.uptime, 100);
});

test('a target that goes to and fro is degraded until its runs agree, and its events say so', () => {
  const monitored = new MonitoredTarget().runs('up', 'up', 'up');
  for (let count = 0; count < 4; count += 1) monitored.runs('down', 'up');
  assert.equal(monitored.types, ['degraded']);
  const [flapping] = monitored.announced;
  assert.is(flapping?.message, 'flapping: changed 8 times in the last 11 checks');
  assert.equal([flapping?.previous_state, flapping?.since], ['up', at(10)]);
  assert.is(monitored.runs('down', 'down', 'up').monitor.status, 'degraded');
  assert.equal(monitored.restart().runs('up', 'up', 'up', 'up').types, ['degraded', 'up']);
  const unasked = new MonitoredTarget({ flapping: false }).runs('up', 'up', 'up');
  for (let count = 0; count < 8; count += 1) unasked.runs('down', 'up');
  assert.equal(unasked.types, []);
});

test('runs that say nothing are announced once, and count neither way', () => {
  const monitored = new MonitoredTarget().runs('up', 'up', 'up', 'down', 'down');
  for (let count = 0; count < 4; count += 1) {
    monitored.finds('unknown', { reason: 'not checked: this daemon has too many files and connections open' });
    monitored.now += minute;
  }
  assert.equal(monitored.types, ['down', 'unknown']);
  const { since, previous_state, message, healthy } = monitored.announced[1] ?? {};
  assert.equal([since, previous_state, healthy], [at(5), 'down', undefined]);
  assert.is(message, 'not checked: this daemon has too many files and connections open');
  assert.equal([monitored.monitor.status, monitored.health.length], ['unknown', 5]);
  monitored.runs('down');
  assert.equal([monitored.types.at(-1), monitored.announced[2]?.previous_state], ['down', 'unknown']);
  // From the last check before to the first one after it.
  assert.is(monitored.health.at(-1)?.unknown_seconds, 299.99);
  monitored.runs('up', 'up');
  assert.equal([monitored.types.at(-1), monitored.announced[3]?.unknown_seconds], ['up', 299.99]);
  assert.is(Number(monitored.announced[3]?.outage_seconds), 120.01);
});

test('one such run is no news, and neither are those of a target that was never known', () => {
  const monitored = new MonitoredTarget().runs('up', 'up', 'up');
  monitored.finds('unknown');
  monitored.now += minute;
  assert.equal(monitored.runs('up', 'up').types, []);
  assert.is(monitored.monitor.status, 'up');
  const never = new MonitoredTarget();
  for (let count = 0; count < 4; count += 1) never.finds('unknown');
  assert.equal([never.types, never.monitor.status], [[], 'unknown']);
});

test('what a parent that is down hides is announced once that is, with its name, and as known again by one run', () => {
  const monitored = new MonitoredTarget().runs('up', 'up', 'up');
  for (const causeAnnounced of [false, false, true, true]) {
    monitored.finds('unknown', { reason: 'cannot be known: switch is down', causedBy: 'switch', causeAnnounced });
    monitored.now += minute;
  }
  assert.equal(monitored.types, ['unknown']);
  assert.equal([monitored.announced[0]?.caused_by, monitored.announced[0]?.since], ['switch', at(3)]);
  monitored.restart().runs('up');
  assert.equal(monitored.types, ['unknown', 'up']);
  const { message, caused_by, outage_seconds } = monitored.announced[1] ?? {};
  assert.equal([message, caused_by, outage_seconds], ['can be checked again', 'switch', undefined]);
});

test('a target that turns out to be down when its parent is back is announced by its own threshold', () => {
  const monitored = new MonitoredTarget().runs('up', 'up', 'up');
  monitored.finds('unknown', { causedBy: 'switch', causeAnnounced: true });
  monitored.now += minute;
  assert.equal(monitored.runs('down').types, ['unknown']);
  assert.equal(monitored.runs('down').types, ['unknown', 'down']);
  assert.equal([monitored.announced[1]?.from, monitored.announced[1]?.previous_state], [at(4), 'unknown']);
});

test('what a parent in maintenance hides is said with the reason, and again when that goes on as an outage', () => {
  const monitored = new MonitoredTarget().runs('up', 'up', 'up');
  const hidden = { causedBy: 'switch', causeAnnounced: true };
  for (const causeMaintained of [true, true, false, false]) {
    monitored.finds('unknown', { ...hidden, causeMaintained });
    monitored.now += minute;
    if (causeMaintained) monitored.restart();
  }
  assert.equal(
    monitored.announced.map(({ type, caused_by, maintenance, since }) => [type, caused_by, maintenance, since]),
    [
      ['unknown', 'switch', true, at(3)],
      ['unknown', 'switch', undefined, at(3)],
    ],
  );
  assert.is(monitored.monitor.status, 'unknown');
  assert.equal(monitored.runs('up').types, ['unknown', 'unknown', 'up']);
});

test('an excuse holds while nothing is known of the other service, and while the target waits for it', () => {
  const hidden = { causedBy: 'switch', causeAnnounced: true };
  const silent = { reason: 'not checked: the name server that this machine asks does not answer' };
  for (const without of [silent, { ...hidden, waits: true }]) {
    const monitored = new MonitoredTarget().runs('up', 'up', 'up');
    for (const more of [{ ...hidden, causeMaintained: true }, without, without, without]) {
      monitored.finds('unknown', more);
      monitored.now += minute;
    }
    assert.equal([monitored.types, monitored.monitor.saved.unknown?.excused], [['unknown'], true]);
    monitored.finds('unknown', hidden);
    assert.equal([monitored.types, monitored.monitor.saved.unknown?.excused], [['unknown', 'unknown'], false]);
  }
});

test('maintenance of a parent that begins after the outage is an excuse too, without another event', () => {
  const monitored = new MonitoredTarget().runs('up', 'up', 'up');
  const hidden = { causedBy: 'switch', causeAnnounced: true };
  const excuses = [false, true, true, false].map(causeMaintained => {
    monitored.finds('unknown', { ...hidden, causeMaintained });
    monitored.now += minute;
    return [monitored.types.length, monitored.restart().monitor.saved.unknown?.excused];
  });
  assert.equal(excuses, [
    [1, false],
    [1, true],
    [1, true],
    [2, false],
  ]);
});

test('a status of time to come does not end maintenance', () => {
  const monitored = new MonitoredTarget().runs('up', 'up', 'up').declare('maintenance');
  monitored.declare('up', { from: at(60) }).declare('up', { from: at(60), until: at(90) });
  assert.is(monitored.runs('up').monitor.status, 'maintenance');
  assert.is(monitored.declare('up').monitor.status, 'up');
});

test('nothing is said in maintenance of what cannot be known', () => {
  const maintenance = [{ from: new Date(at(3)).toISOString(), until: new Date(at(6)).toISOString() }];
  const monitored = new MonitoredTarget({ maintenance }).runs('up', 'up', 'up');
  for (let count = 0; count < 4; count += 1) {
    monitored.finds('unknown', { causedBy: 'switch', causeAnnounced: true });
    monitored.now += minute;
  }
  assert.equal(monitored.types, ['maintenance', 'unknown']);
  assert.is(monitored.announced[1]?.previous_state, 'maintenance');
});

test('maintenance that comes back is announced each time, and no outage inside it', () => {
  const maintenance = [{ cron: '10 6 * * *', timezone: 'UTC', duration: 180, message: 'backup' }];
  const monitored = new MonitoredTarget({ maintenance });
  monitored.now = Date.parse('2026-03-05T06:07:00Z');
  monitored.runs('up', 'up', 'up', 'down', 'down', 'up', 'up');
  assert.equal(monitored.types, ['maintenance', 'up']);
  const [window] = monitored.announced;
  assert.equal(
    [window?.message, window?.from, window?.until],
    ['backup', Date.parse('2026-03-05T06:10:00Z'), Date.parse('2026-03-05T06:13:00Z')],
  );
  assert.equal(
    monitored.health.map(({ maintenance }) => maintenance),
    [undefined, undefined, undefined, true, true, true, undefined],
  );
});

test('a failure is looked at again until it is decided, and no longer', () => {
  const monitored = new MonitoredTarget({ recheck: 5, threshold: 3 }).runs('up', 'up', 'up');
  const suspects = (finding: Finding): boolean => monitored.runs(finding).monitor.suspects;
  assert.equal([suspects('up'), suspects('down'), suspects('down'), suspects('down')], [false, true, true, false]);
  assert.equal([suspects('down'), suspects('up')], [false, false]);
});

test.run();
