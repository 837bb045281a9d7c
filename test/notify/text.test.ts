import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { html } from '../../src/notify/html.js';
import { notificationOf } from '../../src/notify/notification.js';
import type { Change } from '../../src/notify/rule-state.js';
import { signalOf } from '../../src/notify/signal.js';
import { plainText } from '../../src/notify/text.js';
import { at, change, notification } from './messages.js';
import { event } from './scene.js';

test('the text of a mail about one service', () => {
  const lines = plainText(notification('notify.email', 'id'), 'host-1').split('\n');
  assert.is(lines[0], 'clowder is down.');
  assert.match(lines[1] ?? '', /^ {2}Since: {8}14 Mar 2026, \d\d:14:14 \S+$/);
  assert.is(lines[2], '  Reason:       connection refused');
  assert.is(lines[3], '  Checked:      https://clowder.example.org/healthz');
  assert.is(lines[4], '  What is done: event-sink goes on checking it, and reports when it is no');
  assert.is(lines[5], '                longer down.');
  assert.is(lines[7], 'Where to look: the page of event-sink on host-1');
  assert.match(lines[8] ?? '', /^Sent by event-sink on host-1, 14 Mar 2026, /);
});

test('the end of an outage says what came in meanwhile, beside what was to be expected', () => {
  const recovery = event('service_status.up', at, {
    ...{ service_name: 'clowder', from: at - 1_800_000, until: at, outage_seconds: 1_800 },
    ...{ outage_requests: 16, expected_requests: 1_105.3, expected_requests_min: 60, expected_requests_max: 2_150 },
    ...{ outage_failed_uploads: 1, outage_downloads: -1, outage_visitors: '<b>' },
  });
  const signal = signalOf(recovery, at);
  const text = plainText(notification('notify.email', 'id', signal === undefined ? [] : [signal]), 'host-1');
  assert.is(text.split('\n')[0], 'clowder is up again after 30 min.');
  assert.match(
    text.replace(/\s+/g, ' '),
    ' Meanwhile: 16 requests instead of 1,105 (60 to 2,150), 1 failed upload Where to look',
  );
});

test('many services: a line each, at most a hundred, and how many more', () => {
  const changes = Array.from({ length: 130 }, (_, index) => change(`service-${index}`));
  const { subject, count } = notification('notify.email', 'id', changes);
  assert.match(subject, /^130 services are down: service-0, /);
  assert.is(count, 130);
  const text = plainText(notification('notify.email', 'id', changes), 'host');
  assert.is(text.split('\n').filter(line => line.startsWith('- service-')).length, 100);
  assert.match(text, /^- and 30 more$/m);
});

test('two hundred services that one hides are one row with their number, and cost no other its row', () => {
  const hidden = (index: number) =>
    change(`host-${index}`, { state: 'unknown', severity: 'warning', causedBy: 'switch', message: 'cannot be known' });
  const changes = [change('switch'), ...Array.from({ length: 200 }, (_, index) => hidden(index))];
  const made = notification('notify.email', 'id', changes);
  assert.is(made.count, 201);
  const text = plainText(made, 'host').replace(/\s+/g, ' ');
  assert.match(text, /- switch is down: connection refused/);
  assert.match(text, /nothing is known of 200 services while switch is down: host-0, .*host-49 and 150 more/);
  assert.not.match(text, /- and \d+ more/);
  const failed = Array.from({ length: 120 }, (_, index) => change(`service-${index}`));
  const both = plainText(notification('notify.email', 'id', [...failed, ...changes]), 'host').replace(/\s+/g, ' ');
  assert.match(both, /nothing is known of 200 services while switch is down/);
  assert.match(both, /- and 22 more/);
  assert.match(html(made, 'host'), /nothing is known of 200 services/);
  assert.not.match(html(made, 'host'), /<p[^>]*>and \d+ more/);
});

test('a problem says what to do, and its end what it was', () => {
  const problem = {
    category: 'problem',
    name: 'event-sink',
    state: 'raised',
    message: '3 events are kept as dead letters.',
    fix: 'Read the reasons.',
  };
  const raised = change('x', { ...problem, severity: 'warning' });
  const text = plainText(notification('notify.email', 'id', [raised]), 'host');
  assert.match(text, /^3 events are kept as dead letters\.\n {2}Since: /);
  assert.match(text, /What to do: Read the reasons\./);
  const over = notification('notify.email', 'id', [{ ...raised, level: 'ok', state: 'resolved', at: at + 3_600_000 }]);
  assert.is(over.subject, 'event-sink: resolved: 3 events are kept as dead letters');
  assert.match(plainText(over, 'host'), /From: {2}.*\n {2}Until: /);
});

test('several kinds of change in one subject', () => {
  const changes = [
    change('a'),
    change('b'),
    change('c', { state: 'degraded', severity: 'warning' }),
    change('d', { level: 'ok', state: 'up', severity: 'info', at: at + 5_000 }),
  ];
  assert.is(
    notification('notify.email', 'id', changes).subject,
    '2 services are down; c is degraded; d is up again after 5 s',
  );
});

test('what is said of other times has a kind for each state, and counts services', () => {
  const of = (name: string, state: string, more: Partial<Change> = {}) =>
    change(name, { level: 'note', state, severity: 'info', since: at - 7_200_000, until: at - 3_600_000, ...more });
  const subject = (...changes: Change[]) => notification('notify.email', 'id', changes).subject;
  const calledOff = ['a', 'b'].map(name => of(name, 'withdrawn'));
  assert.is(subject(...calledOff), '2 services whose maintenance is called off: a, b');
  assert.is(
    subject(...calledOff, of('a', 'down'), of('b', 'down')),
    '2 services whose maintenance is called off; 2 services were down',
  );
  assert.match(
    subject(of('a', 'withdrawn'), of('a', 'down')),
    /^maintenance of a from [^;]* is called off; a was down from /,
  );
  const [worked, works] = [of('a', 'maintenance'), of('a', 'maintenance', { level: 'maintenance', until: at + 1_000 })];
  assert.match(subject(works, worked), /^a is being worked on until [^;]*; a was being worked on from /);
  assert.is(subject(works, worked, of('b', 'maintenance')), '2 services with maintenance: a, b');
  const ahead = ['a', 'b'].map(name => of(name, 'up', { since: at + 1_000, until: at + 2_000 }));
  assert.is(subject(...ahead), '2 services are expected to be up: a, b');
});

test('what cannot be known because of one service is one line, with all the names', () => {
  const because = { state: 'unknown', severity: 'warning', causedBy: 'gateway', message: 'cannot be known' } as const;
  const changes = [change('gateway'), ...['s-10', 's-9', 's-1'].map(name => change(name, because))];
  const text = plainText(notification('notify.email', 'id', changes), 'host');
  assert.match(text, /^gateway is down; 3 services cannot be checked because of gateway\.$/m);
  assert.match(text, /^- nothing is known of 3 services while gateway is down: s-1, s-9, s-10$/m);
  assert.match(html(notification('notify.email', 'id', changes), 'host'), /<br><span[^>]*>s-1, s-9, s-10<\/span>/);
});

test('words from anywhere are text in HTML', () => {
  const hostile = change('<script>alert(1)</script>', { message: '"><img src=x onerror=alert(1)>' });
  const page = html(notification('notify.email', 'id', [hostile]), 'host');
  assert.not.match(page, /<script|<img/);
  assert.match(page, /&#60;script&#62;/);
});

test('a test says that it is one', () => {
  const test = notificationOf({
    id: 'id',
    at,
    channels: ['notify.email'],
    changes: [],
    type: 'test',
    pageUrl: 'https://events.example.org/',
  });
  assert.is(test.subject, 'event-sink: a test, nothing is wrong');
  assert.match(plainText(test, 'host'), /Nothing is wrong\.\n\nWhere to look: https:\/\/events\.example\.org\/\n/);
  assert.match(html(test, 'host'), /href="https:\/\/events\.example\.org\/"/);
});

test.run();
