import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Findings, problemsOf, unjudged } from '../../src/status/problems.js';
import type { ServiceState, SinkStatus } from '../../src/status/report.js';

const quiet: Findings = {
  broker: { state: 'ready', detail: 'Connected.', outbox: 0 },
  brokerSince: 1,
  sinks: [],
  services: [],
  actors: [],
  ledger: undefined,
  orphans: [],
  conflicts: [],
  keys: [],
  listener: [],
};
const what = (findings: Partial<Findings>): string[] => problemsOf({ ...quiet, ...findings }).map(found => found.what);

const batch = { batch_size: 500, batch_limit: 500, concurrency: 1, concurrency_limit: 1 };

test('nothing is wrong when all is well', () => {
  assert.equal(what({}), []);
});

test('a broker that takes nothing is reported in whole sentences', () => {
  const detail = 'Nothing listens at rabbitmq:5672. New events wait in the outbox.';
  assert.equal(what({ broker: { state: 'outbox', detail, outbox: 1 } }), [
    'RabbitMQ cannot take events. Nothing listens at rabbitmq:5672. New events wait in the outbox. In the outbox: 1 event.',
  ]);
  assert.equal(what({ broker: { state: 'down', detail: 'the disk is full', outbox: 0 } }), [
    'Events are not accepted: the disk is full.',
  ]);
});

test('of a sink that holds, the reason and how much waits are reported; of one that works again, nothing', () => {
  const sink: SinkStatus = {
    sink: 'mongodb',
    title: 'MongoDB',
    queryable: false,
    state: 'holding',
    queue: 'event-sink.mongodb',
    pending: 1200,
    oldest: null,
    delivered: 0,
    duplicates: 0,
    filtered: 0,
    dead: 1,
    ...batch,
  };
  const actor = {
    path: 'delivery/mongodb/sink',
    state: 'holding',
    since: 5,
    restarts: 1,
    lastError: { fault: 'transient', message: 'Nobody answers.', at: 5 },
    nextTry: undefined,
    detail: {},
  } as const;
  assert.equal(what({ sinks: [sink], actors: [actor] }), [
    'MongoDB is not taking events: Nobody answers. 1,200 events waiting.',
    '1 event could not be delivered to MongoDB and is kept as dead letters.',
  ]);
  assert.match(
    what({ sinks: [{ ...sink, pending: null }], actors: [actor] }).join(' '),
    'How many events wait is not known.',
  );
  assert.equal(what({ sinks: [{ ...sink, dead: 0 }], actors: [{ ...actor, state: 'running' }] }), []);
  assert.equal(what({ sinks: [{ ...sink, dead: null }], orphans: undefined }), []);
});

test("the broker's own problems, and dead letters that cannot be kept, are reported", () => {
  const problems = [{ key: 'outbox stuck', what: 'Messages wait.', fix: 'Look.' }];
  assert.equal(what({ broker: { state: 'ready', detail: 'Connected.', outbox: 3, problems } }), ['Messages wait.']);
  const sink = {
    sink: 'mongodb',
    title: 'MongoDB',
    queryable: false,
    state: 'running',
    queue: 'q',
    pending: 5,
  } as const;
  const counts = { oldest: null, delivered: 0, duplicates: 0, filtered: 0, dead: 0, ...batch };
  const consumer = {
    path: 'delivery/mongodb/consumer',
    state: 'holding',
    since: 5,
    restarts: 0,
    lastError: { fault: 'transient', message: 'the dead-letter queue is full.', at: 9 },
    nextTry: undefined,
    detail: { phase: 'fetching', unsettled: 2 },
  } as const;
  assert.equal(what({ sinks: [{ ...sink, ...counts }], actors: [consumer] }), [
    '2 dead letters of MongoDB cannot be kept: the dead-letter queue is full.',
  ]);
  const full = { ...consumer.lastError, message: 'the disk is full' };
  const delayed = { ...consumer, lastError: full, detail: { phase: 'fetching', delayed: 1 } } as const;
  assert.equal(what({ sinks: [{ ...sink, ...counts }], actors: [delayed] }), [
    'The broker does not settle 1 event that MongoDB is done with: the disk is full.',
  ]);
});

test('a log that cannot be read, or not be understood', () => {
  const log = {
    path: 'ingress/nginx-log/1',
    state: 'running',
    since: 5,
    restarts: 0,
    lastError: undefined,
    nextTry: undefined,
    detail: { file: '/logs/access.log', missing: false, lines: 1_000, unread: 20 },
  } as const;
  const lastError = { fault: 'setup', message: 'permission denied', at: 5 } as const;
  assert.equal(what({ actors: [log] }), []);
  assert.equal(what({ actors: [{ ...log, state: 'holding', lastError }] }), [
    'The log /logs/access.log is not being read: permission denied.',
  ]);
  const problemsOf = (detail: object) => what({ actors: [{ ...log, detail: { ...log.detail, ...detail } }] });
  assert.equal(problemsOf({ lines: 100, unread: 40 }), [
    'Of the lines of /logs/access.log, 40 % do not have the format that is set: 40 lines of 100 since the start.',
  ]);
  assert.is(problemsOf({ unread: 30 }).length, 1);
  assert.is(problemsOf({ lines: 9, unread: 9 }).length, 0);
  assert.equal(problemsOf({ missing: true, missing_seconds: 59 }), []);
  assert.equal(problemsOf({ missing: true, missing_seconds: 60 }), [
    'There is no log /logs/access.log: nothing is counted.',
  ]);
  assert.equal(problemsOf({ unreadable_bytes: 12_345, unreadable_files: 'access.log.1.zst' }), [
    'Rotated logs of /logs/access.log cannot be read: 12,345 bytes in access.log.1.zst.',
  ]);
});

test('a ledger that does not balance comes first', () => {
  const counts = { accepted: 3, delivered: 1, duplicates: 0, filtered: 0, too_old: 0, erased: 0, dead: 0 };
  const ledger = {
    exact: true,
    balanced: false,
    sinks: [
      { sink: 'local', hour: null, ...counts, pending: 0, missing: 0, acknowledged: 0, difference: 2, inexact: null },
    ],
    hours: [],
  };
  const broker = { state: 'down', detail: 'x', outbox: 0 } as const;
  assert.match(what({ ledger, broker })[0]!, 'The ledger of local does not balance: 2 events missing.');
});

test('what cannot be judged now may stand: a ledger without counts, dead letters that nobody counted, queues that nobody listed', () => {
  const keys = ['ledger local', 'ledger mongodb', 'dead local', 'dead mongodb', 'orphan event-sink.old', 'broker'];
  const row = { hour: null, accepted: 3, delivered: 1, duplicates: 0, filtered: 0, too_old: 0, erased: 0, dead: 0 };
  const more = { pending: 0, missing: 0, acknowledged: 0 };
  const rows = [
    { sink: 'local', ...row, ...more, difference: null, inexact: 'RabbitMQ does not say.' },
    { sink: 'mongodb', ...row, ...more, difference: 0, inexact: null },
  ];
  const ledger = { exact: false, balanced: true, sinks: rows, hours: [] };
  const sinks = [
    { sink: 'local', dead: 0 },
    { sink: 'mongodb', dead: null },
  ];
  assert.equal(keys.filter(unjudged({ ledger, sinks, orphans: [] })), ['ledger local', 'dead mongodb']);
  assert.equal(keys.filter(unjudged({ ledger: undefined, sinks: [], orphans: undefined })), ['orphan event-sink.old']);
});

test('events that RabbitMQ lost are said with their number and their sink; what is acknowledged or not known is no problem', () => {
  const row = {
    sink: 'mongodb',
    hour: null,
    accepted: 3,
    delivered: 1,
    duplicates: 0,
    filtered: 0,
    too_old: 0,
    erased: 0,
  };
  const lost = { ...row, dead: 0, pending: 0, missing: 7, acknowledged: 5, difference: 0, inexact: null };
  const known = { ...lost, sink: 'ga4', missing: 5 };
  const shared = {
    ...lost,
    sink: 'influxdb',
    missing: 0,
    acknowledged: 0,
    difference: null,
    inexact: 'Others take from it too.',
  };
  const found = what({ ledger: { exact: false, balanced: false, sinks: [shared, lost, known], hours: [] } });
  assert.equal(found, [
    '2 events that RabbitMQ confirmed never came to the queue of mongodb: purged, expired or cut off by a policy.',
  ]);
});

test('a watched service that is down comes first, with its reason and since when; a degraded one comes later', () => {
  const service = (service_name: string, state: ServiceState['state'], reason: string | null): ServiceState => ({
    service_name,
    target: 'http://clowder/healthz',
    state,
    since: 7,
    checked: 9,
    reason,
    response_time: null,
    uptime: null,
  });
  const services = [
    service('search', 'degraded', 'it answered after 3.2 s'),
    service('clowder', 'down', 'connection refused.'),
    service('mail', 'up', null),
    service('backup', 'maintenance', 'connection refused'),
    service('new', 'unknown', null),
  ];
  const broker = { state: 'down', detail: 'the disk is full', outbox: 0 } as const;
  const found = problemsOf({ ...quiet, services, broker });
  assert.equal(
    found.map(problem => problem.what),
    [
      'clowder is down: connection refused.',
      'Events are not accepted: the disk is full.',
      'search is degraded: it answered after 3.2 s.',
    ],
  );
  assert.is(found[0]?.since, 7);
});

test.run();
