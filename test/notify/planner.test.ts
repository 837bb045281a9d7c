import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../src/events/event.js';
import { down, event, PlannerScene, up } from './scene.js';

const names = Array.from({ length: 40 }, (_, index) => `service-${String(index + 1).padStart(2, '0')}`);

/** Maintenance of clowder, declared now. */
function declareFrom(scene: PlannerScene, span: { readonly from?: number; readonly until?: number }): Event {
  const declared = event('service_status.maintenance', scene.now, { service_name: 'clowder', ...span });
  scene.add(declared);
  return declared;
}

test('a service that fails and is well again: one message each, three seconds after the first and at once after the second', () => {
  const scene = new PlannerScene();
  scene.add(down('clowder', scene.now));
  scene.pass(600_000);
  assert.equal(scene.subjects, ['clowder is down']);
  assert.is(scene.sent[0]?.at, 3_000);
  scene.add(up('clowder', scene.now));
  scene.pass(1);
  assert.is(scene.subjects[1], 'clowder is up again after 10 min');
  assert.is(scene.sent[1]?.at, 600_000);
  assert.is(scene.sent[1]?.planned.thread, 'message-1');
  scene.pass(86_400_000);
  assert.is(scene.sent.length, 2);
});

test('a switch that takes 40 services down: one message that names them, and one when the last is back', () => {
  const scene = new PlannerScene();
  for (const name of names) {
    scene.add(down(name, scene.now));
    scene.pass(1_000);
  }
  scene.pass(300_000);
  assert.is(scene.sent.length, 1);
  assert.is(scene.sent[0]?.planned.changes.length, 40);
  assert.is(
    scene.subjects[0],
    '40 services are down: service-01, service-02, service-03, service-04, service-05 and 35 more',
  );
  for (const name of names) {
    scene.add(up(name, scene.now));
    scene.pass(1_000);
  }
  assert.is(scene.sent.length, 2);
  assert.is(scene.sent[1]?.planned.changes.length, 40);
  assert.match(scene.subjects[1] ?? '', /^40 services are well again: /);
});

test('ten services that are found out over a minute: few messages, all of one outage, and one when all are back', () => {
  const scene = new PlannerScene();
  const ten = names.slice(0, 10);
  for (const name of ten) {
    scene.add(down(name, scene.now));
    scene.pass(6_000);
  }
  scene.pass(300_000);
  assert.ok(scene.sent.length <= 5, `${scene.sent.length} messages`);
  const failing = scene.sent.length;
  assert.equal(
    scene.sent.slice(1).map(({ planned }) => planned.thread),
    scene.sent.slice(1).map(() => 'message-1'),
  );
  assert.is(scene.sent.flatMap(({ planned }) => planned.changes).length, 10);
  for (const name of ten) {
    scene.add(up(name, scene.now));
    scene.pass(6_000);
  }
  assert.is(scene.sent.length, failing + 1);
});

test('what cannot be known because its parent is down is named with it, and is back with it', () => {
  const scene = new PlannerScene();
  scene.add(down('gateway', scene.now));
  for (const name of names) {
    const message = 'cannot be known: gateway is down';
    scene.add(event('service_status.unknown', scene.now, { service_name: name, message, caused_by: 'gateway' }));
    scene.pass(500);
  }
  scene.pass(120_000);
  for (const name of ['gateway', ...names]) {
    scene.add(up(name, scene.now));
    scene.pass(500);
  }
  assert.equal(scene.subjects, [
    'gateway is down; 40 services cannot be checked because of gateway',
    '41 services are well again: gateway, service-01, service-02, service-03, service-04 and 36 more',
  ]);
});

test('what is over within the wait is one message, at once', () => {
  const scene = new PlannerScene();
  scene.add(down('clowder', scene.now));
  scene.pass(2_000);
  scene.add(up('clowder', scene.now));
  scene.pass(0);
  assert.equal(scene.subjects, ['clowder failed for 2 s and is well again']);
  scene.pass(600_000);
  assert.is(scene.sent.length, 1);
});

test('a second outage after the first is over does not wait longer', () => {
  const scene = new PlannerScene();
  scene.add(down('clowder', scene.now));
  scene.pass(5_000);
  scene.add(up('clowder', scene.now));
  scene.pass(1_000);
  scene.add(down('clowder', scene.now));
  scene.pass(3_000);
  assert.is(scene.sent.length, 3);
  assert.is(scene.sent[2]?.planned.thread, undefined);
});

test('what is delivered again, late or replayed says nothing new', () => {
  const scene = new PlannerScene();
  const first = down('clowder', scene.now);
  const second = up('clowder', scene.now + 10_000);
  scene.add(first);
  scene.pass(10_000);
  scene.add(second);
  scene.pass(10_000);
  assert.is(scene.add(first, second), 2);
  scene.add(down('clowder', scene.start + 5_000));
  scene.add({ ...down('clowder', scene.now), source: 'replay' });
  scene.add({ ...down('clowder', scene.now), source: 'browser' });
  scene.pass(600_000);
  assert.is(scene.sent.length, 2);
});

test('maintenance is quiet, and what still fails at its end is reported then', () => {
  const scene = new PlannerScene();
  const until = scene.now + 3_600_000;
  scene.add(event('service_status.maintenance', scene.now, { service_name: 'clowder', from: scene.now, until }));
  scene.pass(60_000);
  assert.is(scene.sent.length, 1);
  assert.match(scene.subjects[0] ?? '', /^clowder is being worked on until /);
  scene.add(down('clowder', scene.now));
  scene.pass(600_000);
  scene.add(up('clowder', scene.now));
  scene.add(event('service_status.maintenance', scene.now, { service_name: 'b', from: scene.now, until }));
  scene.pass(10_000);
  const before = scene.sent.length;
  scene.add(down('b', scene.now));
  scene.pass(2_000_000);
  assert.is(scene.sent.length, before);
  scene.pass(3_600_000);
  assert.is(scene.subjects.at(-1), 'b is down');
  assert.is(scene.sent.at(-1)?.at, 3_600_000 + 3_000);
});

test('what maintenance of another service hides is quiet, and what fails besides is reported when that is over', () => {
  const scene = new PlannerScene();
  const hidden = (name: string) =>
    event('service_status.unknown', scene.now, { service_name: name, caused_by: 'switch', maintenance: true });
  scene.add(down('failed-before', scene.now));
  scene.pass(60_000);
  for (const name of ['well', 'fails', 'failed-before']) scene.add(hidden(name));
  scene.pass(3_600_000);
  assert.equal(scene.subjects, ['failed-before is down']);
  for (const name of ['well', 'failed-before']) scene.add(up(name, scene.now));
  scene.add(down('fails', scene.now));
  scene.pass(60_000);
  assert.equal(
    scene.sent.slice(1).flatMap(({ planned }) => planned.changes.map(({ name, state }) => [name, state])),
    [
      ['failed-before', 'up'],
      ['fails', 'down'],
    ],
  );
});

test('what is declared afterwards is a note, and changes nothing of what is', () => {
  const scene = new PlannerScene();
  scene.add(down('clowder', scene.now));
  scene.pass(60_000);
  const past = { service_name: 'clowder', from: scene.now - 7_200_000, until: scene.now - 3_600_000 };
  for (const state of ['maintenance', 'up', 'down']) {
    scene.add(event(`service_status.${state}`, scene.now, past));
    scene.pass(60_000);
  }
  assert.equal(
    scene.subjects.slice(1).map(subject => subject.split(' from ')[0]),
    ['clowder was being worked on', 'clowder was up', 'clowder was down'],
  );
  const end = { service_name: 'clowder', from: scene.start, until: scene.now, outage_seconds: 240 };
  scene.add(event('service_status.up', scene.now, end));
  scene.pass(1_000);
  assert.is(scene.subjects.at(-1), 'clowder is up again after 4 min');
});

test('what is said ahead of time is a note as well, and the outage of now goes on', () => {
  const scene = new PlannerScene();
  scene.add(down('clowder', scene.now));
  scene.pass(60_000);
  const from = scene.now + 3_600_000;
  scene.add(event('service_status.up', scene.now, { service_name: 'clowder', from, until: from + 3_600_000 }));
  scene.pass(60_000);
  assert.match(scene.subjects[1] ?? '', /^clowder is expected to be up from /);
  scene.add(up('clowder', scene.now));
  scene.pass(60_000);
  assert.is(scene.subjects[2], 'clowder is up again after 2 min');
  // The clock of whoever says it may be a little ahead.
  scene.add(event('service_status.down', scene.now, { service_name: 'clowder', from: scene.now + 5_000 }));
  scene.pass(60_000);
  assert.is(scene.subjects[3], 'clowder is down');
});

test('maintenance that is planned is announced, and quiet when it comes', () => {
  const scene = new PlannerScene();
  const from = scene.now + 3_600_000;
  scene.add(event('service_status.maintenance', scene.now, { service_name: 'clowder', from, until: from + 600_000 }));
  scene.pass(3_600_000 + 1_000);
  assert.is(scene.sent.length, 1);
  assert.match(scene.subjects[0] ?? '', /^clowder will be worked on from /);
  scene.add(down('clowder', scene.now));
  scene.pass(60_000);
  scene.add(up('clowder', scene.now));
  scene.pass(3_600_000);
  assert.is(scene.sent.filter(({ planned }) => planned.changes.some(({ level }) => level === 'failing')).length, 0);
});

test('maintenance that is called off is announced once, and what fails then is news', () => {
  const scene = new PlannerScene();
  const from = scene.now + 3_600_000;
  const declared = event('service_status.maintenance', scene.now, {
    service_name: 'clowder',
    from,
    until: from + 600_000,
  });
  scene.add(declared);
  scene.pass(60_000);
  const withdrawal = () =>
    event('service_status.withdrawn', scene.now, { service_name: 'clowder', corrects: declared.id });
  scene.add(withdrawal());
  scene.pass(60_000);
  scene.add(withdrawal());
  scene.pass(3_600_000);
  assert.is(scene.subjects.length, 2);
  assert.match(scene.subjects[1] ?? '', /^maintenance of clowder from .* to .* is called off$/);
  scene.add(down('clowder', scene.now));
  scene.pass(60_000);
  assert.is(scene.subjects[2], 'clowder is down');
});

test('maintenance that corrects outages is said once; when it is called off, so are the outages', () => {
  const scene = new PlannerScene();
  const correction = (type: string): Event => {
    const span = { from: scene.start - 600_000, until: scene.start - 300_000 };
    const fields = { service_name: 'clowder', corrects: 'event-of-the-outage', ...span };
    return { ...event(`service_status.${type}`, scene.now, fields), source: 'health' };
  };
  declareFrom(scene, { from: scene.now - 7_200_000, until: scene.now - 1_000 });
  scene.add(correction('maintenance'));
  scene.pass(60_000);
  const declared = declareFrom(scene, { from: scene.now - 7_200_000, until: scene.now + 7_200_000 });
  scene.add(correction('maintenance'));
  scene.pass(60_000);
  scene.add(event('service_status.withdrawn', scene.now, { service_name: 'clowder', corrects: declared.id }));
  scene.add(correction('down'));
  scene.pass(60_000);
  assert.is(scene.subjects.length, 3);
  const [past, now, calledOff] = scene.subjects;
  assert.match(past ?? '', /^clowder was being worked on from [^;]* to [^;]*$/);
  assert.match(now ?? '', /^clowder is being worked on until [^;]*$/);
  assert.match(calledOff ?? '', /^maintenance of clowder from [^;]* is called off; clowder was down from [^;]* to /);
});

test('maintenance that is declared ahead without an end is called off, too', () => {
  const scene = new PlannerScene();
  const declared = event('service_status.maintenance', scene.now, {
    service_name: 'clowder',
    from: scene.now + 3_600_000,
  });
  scene.add(declared);
  scene.pass(60_000);
  scene.add(up('clowder', scene.now));
  scene.pass(60_000);
  scene.add(event('service_status.withdrawn', scene.now, { service_name: 'clowder', corrects: declared.id }));
  scene.pass(60_000);
  assert.match(scene.subjects.at(-1) ?? '', /^maintenance of clowder from \S.* is called off$/);
});

test('a rule that does not name what calls maintenance off is about the outage after it all the same', () => {
  const scene = new PlannerScene([{ events: 'service_status.down,service_status.up,service_status.maintenance' }]);
  const declared = declareFrom(scene, { from: scene.now + 60_000, until: scene.now + 7_200_000 });
  scene.pass(30_000);
  scene.add(event('service_status.withdrawn', scene.now, { service_name: 'clowder', corrects: declared.id }));
  scene.pass(60_000);
  scene.add(down('clowder', scene.now));
  scene.pass(60_000);
  assert.is(scene.sent.length, 2);
  assert.is(scene.subjects[1], 'clowder is down');
});

test('a rule that names what is bad alone hears of the next outage, and of no end', () => {
  const scene = new PlannerScene([{ events: 'service_status.down', again: '1h' }]);
  for (let outage = 1; outage <= 2; outage += 1) {
    scene.add(down('clowder', scene.now));
    scene.pass(60_000);
    scene.add(up('clowder', scene.now));
    scene.pass(7_200_000);
  }
  assert.equal(scene.subjects, ['clowder is down', 'clowder is down']);
  assert.is(scene.sent[1]?.planned.thread, undefined);
});

test('maintenance without an end that has begun is called off, and what comes then is news', () => {
  for (const after of [down, up]) {
    const scene = new PlannerScene();
    const declared = declareFrom(scene, {});
    scene.pass(60_000);
    const withdraw = (): number =>
      scene.add(event('service_status.withdrawn', scene.now, { service_name: 'clowder', corrects: declared.id }));
    withdraw();
    scene.pass(60_000);
    withdraw();
    scene.pass(60_000);
    assert.is(scene.sent.length, 2);
    assert.match(scene.subjects[1] ?? '', /^maintenance of clowder from \S.* is called off$/);
    scene.add(after('clowder', scene.now));
    scene.pass(60_000);
    assert.is(scene.subjects[2], after === down ? 'clowder is down' : 'clowder is up');
  }
});

test('maintenance ahead without an end is forgotten once it is declared anew, and kept over an outage', () => {
  const scene = new PlannerScene();
  const replaced = declareFrom(scene, { from: scene.now + 36_000_000 });
  scene.pass(60_000);
  const ahead = declareFrom(scene, { from: scene.now + 40_000_000 });
  scene.pass(60_000);
  declareFrom(scene, { until: scene.now + 600_000 });
  scene.pass(60_000);
  scene.add(down('clowder', scene.now));
  scene.pass(900_000);
  assert.is(scene.subjects.at(-1), 'clowder is down');
  const before = scene.sent.length;
  for (const { id } of [replaced, ahead]) {
    scene.add(event('service_status.withdrawn', scene.now, { service_name: 'clowder', corrects: id }));
    scene.pass(60_000);
  }
  assert.is(scene.sent.length, before + 1);
  assert.match(scene.subjects.at(-1) ?? '', /is called off$/);
});

test('maintenance of the settings takes the place of none that was declared, nor does that of it', () => {
  const scene = new PlannerScene();
  const start = scene.now;
  const ofSettings = (from: number, until: number): void => {
    const fields = { service_name: 'clowder', from, until };
    scene.add({ ...event('service_status.maintenance', scene.now, fields), source: 'health' });
    scene.pass(60_000);
  };
  declareFrom(scene, { from: start, until: start + 7_200_000 });
  ofSettings(start, start + 3_600_000);
  scene.pass(start + 3_700_000 - scene.now);
  scene.add(down('clowder', scene.now));
  scene.pass(60_000);
  scene.add(up('clowder', scene.now));
  scene.pass(7_200_000);
  const begin = scene.now;
  ofSettings(begin, begin + 7_200_000);
  declareFrom(scene, { from: begin + 600_000, until: begin + 1_200_000 });
  scene.pass(1_800_000);
  scene.add(down('clowder', scene.now));
  scene.pass(60_000);
  assert.not(
    scene.subjects.some(subject => subject.endsWith(' is down')),
    scene.subjects.join('; '),
  );
});

test('maintenance that is declared anew is quiet at its new time alone', () => {
  const scene = new PlannerScene();
  const declare = (from: number, until: number): void => {
    scene.add(event('service_status.maintenance', scene.now, { service_name: 'clowder', from, until }));
    scene.pass(60_000);
  };
  const start = scene.now + 3_600_000;
  declare(start, start + 3_600_000);
  declare(start + 1_800_000, start + 3_600_000);
  scene.pass(start + 60_000 - scene.now);
  scene.add(down('clowder', scene.now));
  scene.pass(60_000);
  assert.is(scene.subjects.at(-1), 'clowder is down');
});

test('an outage that maintenance takes over is over', () => {
  const scene = new PlannerScene([{ when: 'failure', again: '1h' }]);
  scene.add(down('clowder', scene.now));
  scene.pass(60_000);
  assert.is(scene.sent.length, 1);
  scene.add(event('service_status.maintenance', scene.now, { service_name: 'clowder' }));
  scene.pass(86_400_000);
  assert.is(scene.sent.length, 1);
});

test('on failure: nothing about its end, and one message when that came within the wait', () => {
  const scene = new PlannerScene([{ when: 'failure' }]);
  scene.add(down('clowder', scene.now));
  scene.pass(60_000);
  scene.add(up('clowder', scene.now));
  scene.pass(60_000);
  assert.equal(scene.subjects, ['clowder is down']);
  scene.add(down('clowder', scene.now));
  scene.pass(1_000);
  scene.add(up('clowder', scene.now));
  scene.pass(60_000);
  assert.equal(scene.subjects.slice(1), ['clowder failed for 1 s and is well again']);
});

test('resolved: only the end', () => {
  const scene = new PlannerScene([{ when: 'resolved', severity: 'critical' }]);
  scene.add(down('clowder', scene.now));
  scene.pass(120_000);
  assert.is(scene.sent.length, 0);
  scene.add(up('clowder', scene.now));
  scene.pass(60_000);
  assert.equal(scene.subjects, ['clowder is up again after 2 min']);
});

test('after N failures in a row, and nothing when it is well before', () => {
  const scene = new PlannerScene([{ events: 'health', after: 3 }]);
  const check = (healthy: boolean): void => {
    scene.add(event('health.http', scene.now, { service_name: 'clowder', healthy }));
    scene.pass(60_000);
  };
  for (const healthy of [true, false, false, true, false, false]) check(healthy);
  assert.is(scene.sent.length, 0);
  check(false);
  check(false);
  assert.equal(scene.subjects, ['clowder fails its checks']);
  check(true);
  assert.is(scene.subjects[1], 'clowder passes its checks again after 4 min');
});

test('after a time, and nothing when it is over sooner', () => {
  const scene = new PlannerScene([{ after: '10m' }]);
  scene.add(down('clowder', scene.now));
  scene.pass(599_000);
  scene.add(up('clowder', scene.now));
  scene.pass(600_000);
  assert.is(scene.sent.length, 0);
  const began = scene.now - scene.start;
  scene.add(down('clowder', scene.now));
  scene.pass(700_000);
  assert.equal(scene.subjects, ['clowder is down']);
  assert.is(scene.sent[0]?.at, began + 603_000);
});

test('again every so often, together, until it is over', () => {
  const scene = new PlannerScene([{ again: '4h' }]);
  for (const name of names) scene.add(down(name, scene.now));
  scene.pass(4 * 3_600_000 + 10_000);
  assert.is(scene.sent.length, 2);
  assert.match(scene.subjects[1] ?? '', /^40 services are still down: /);
  scene.pass(4 * 3_600_000);
  assert.is(scene.sent.length, 3);
  for (const name of names) scene.add(up(name, scene.now));
  scene.pass(86_400_000);
  assert.is(scene.sent.length, 4);
});

test('always: every event, of any kind', () => {
  const scene = new PlannerScene([{ events: 'extraction_status.error', when: 'always' }]);
  const fails = (): number =>
    scene.add(event('extraction_status.error', scene.now, { extractor_name: 'ocr', message: 'no such file' }));
  fails();
  scene.pass(60_000);
  fails();
  scene.pass(60_000);
  assert.equal(scene.subjects, [
    'extraction_status.error of ocr: no such file',
    'extraction_status.error of ocr: no such file',
  ]);
});

test('always: several within the wait are counted, each kind for itself', () => {
  const scene = new PlannerScene([{ events: 'extraction_status.error,dataset', when: 'always' }]);
  for (let count = 1; count <= 7; count += 1)
    scene.add(event('extraction_status.error', scene.now, { extractor_name: 'ocr', message: `file ${count}` }));
  scene.pass(60_000);
  assert.equal(scene.subjects, ['7 times, the last: extraction_status.error of ocr: file 7']);
  scene.add(
    event('dataset.created', scene.now),
    event('dataset.deleted', scene.now),
    event('dataset.created', scene.now),
  );
  scene.pass(60_000);
  const changes = scene.sent[1]?.planned.changes.map(({ state, times }) => [state, times]);
  assert.equal(changes, [
    ['created', 2],
    ['deleted', undefined],
  ]);
  scene.add(event('extraction_status.error', scene.now, { extractor_name: 'ocr', message: 'once more' }));
  scene.pass(60_000);
  assert.is(scene.subjects[2], 'extraction_status.error of ocr: once more');
});

test('a correction of the past does not take the place of an outage that is about to be reported', () => {
  const scene = new PlannerScene();
  scene.add(down('clowder', scene.now));
  const past = { from: scene.now - 7_200_000, until: scene.now - 3_600_000 };
  scene.add(event('service_status.maintenance', scene.now, { service_name: 'clowder', ...past }));
  scene.pass(60_000);
  const changes = scene.sent.flatMap(({ planned }) => planned.changes.map(({ level }) => level));
  assert.equal(changes, ['failing', 'note']);
});

test('rules by service and severity, each to its channels; what two of them say alike is one message', () => {
  const scene = new PlannerScene(
    [
      { service: 'clowder*', to: 'email' },
      { severity: 'critical', to: ['slack', 'webhook'] },
    ],
    [],
  );
  scene.add(down('clowder-2', scene.now));
  scene.pass(5_000);
  assert.equal(
    scene.sent.map(({ planned }) => planned.channels),
    [['notify.email', 'notify.slack', 'notify.webhook']],
  );
  scene.add(event('service_status.degraded', scene.now, { service_name: 'other' }));
  scene.pass(5_000);
  assert.is(scene.sent.length, 1);
  scene.add(event('service_status.degraded', scene.now, { service_name: 'Clowder' }));
  scene.pass(60_000);
  assert.equal(scene.sent[1]?.planned.channels, ['notify.email']);
});

test('a state that gets worse or better is a change', () => {
  const scene = new PlannerScene();
  scene.add(event('service_status.degraded', scene.now, { service_name: 'clowder', message: 'slow' }));
  scene.pass(120_000);
  scene.add(down('clowder', scene.now));
  scene.pass(120_000);
  scene.add(event('service_status.degraded', scene.now, { service_name: 'clowder', message: 'slow' }));
  scene.pass(120_000);
  assert.equal(scene.subjects, ['clowder is degraded', 'clowder is down', 'clowder is degraded']);
});

test('problems of the daemon', () => {
  const scene = new PlannerScene();
  const problem = { subject: 'dead mongodb', message: '3 events could not be delivered.', severity: 'warning' };
  scene.add(event('problem.raised', scene.now, { ...problem, fix: 'Read the reasons.', from: scene.now - 60_000 }));
  scene.pass(60_000);
  scene.add(event('problem.resolved', scene.now, { ...problem, from: scene.now - 120_000, until: scene.now }));
  scene.pass(60_000);
  assert.equal(scene.subjects, [
    'event-sink: 3 events could not be delivered',
    'event-sink: resolved: 3 events could not be delivered',
  ]);
});

test('thousands of services stay within bounds', () => {
  const scene = new PlannerScene();
  scene.add(...Array.from({ length: 6_000 }, (_, index) => down(`service ${index}`, scene.now)));
  scene.pass(60_000);
  assert.is(Object.keys(scene.state?.subjects ?? {}).length, 5_000);
  assert.is(scene.state?.seen.length, 1_000);
  assert.is(scene.sent.length, 1);
});

test.run();
