import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LedgerSink } from '../../openapi/api-types.js';
import { type Arrival, arrivalOf } from './destinations.js';
import type { SentEvent } from './events.js';
import { type Judged, judge } from './oracle.js';
import { SentRecord } from './record.js';
import { same } from './same.js';

type Outcome = readonly number[];

interface SceneOptions {
  /** What became of the batch's sendings. */
  readonly outcome?: Outcome;
  readonly event?: Partial<SentEvent>;
  readonly identified?: boolean;
}

const [a, b, c, other] = ['a', 'b', 'c', 'd'].map(digit => `c4a05${digit.repeat(19)}`) as [
  string,
  string,
  string,
  string,
];
const reason = 'a reason that a person understands';

/** Three events in one batch, which is at both sinks but for what a test changes. */
function scene({ outcome = [202], event = {}, identified = true }: SceneOptions = {}) {
  const record = new SentRecord();
  const events: SentEvent[] = [a, b, c].map((mark, number) => ({
    mark,
    id: mark,
    created: 1000 + number,
    payload: { id: mark, mark, category: 'upload', created: 1000 + number },
    deadAt: [],
    ...event,
  }));
  const batch = record.add(events, { identified });
  for (const status of outcome) record.answered(batch, status);
  const stored: Record<string, unknown>[] = events.map(({ payload }) => ({
    ...payload,
    _source: 'http',
    _received: 1,
  }));
  const arrival = (mark: string, id = mark, created = 1000 + [a, b, c].indexOf(mark)): Arrival =>
    arrivalOf(id, { mark }, sent => same('time', created, sent.created));
  const arrivals = [a, b, c].map(mark => arrival(mark));
  const deadLetters: { sink: string; id: string; reason: string; body: string }[] = [];
  const deadLetter = (sink: string, mark: string, id = mark) =>
    deadLetters.push({ sink, id, reason, body: `{"mark":"${mark}"}` });
  const row = { sink: 'mongodb', pending: 0, missing: 0, difference: 0, inexact: null } as unknown as {
    -readonly [Name in keyof LedgerSink]: LedgerSink[Name];
  };
  const ledger = { balanced: true, exact: true, sinks: [row] };
  const verdict = async (options: Partial<Judged> = {}): Promise<readonly string[]> => {
    const daemon = {
      stored: async () => stored,
      json: async (path: string) => (path === '/v1/ledger' ? ledger : { dead_letters: deadLetters, next_cursor: null }),
    };
    const destination = { sink: 'mongodb', arrivals: () => arrivals };
    const judged = { daemon, destinations: [destination], record, exact: true, ...options } as unknown as Judged;
    return (await judge(judged)).problems;
  };
  return { record, stored, arrivals, arrival, deadLetters, deadLetter, ledger, row, verdict };
}

test('all there, once and unchanged: nothing to complain of', async () => {
  assert.equal(await scene().verdict(), []);
});

test('an acknowledged event that is lost', async () => {
  const { arrivals, verdict } = scene();
  arrivals.pop();
  assert.equal(await verdict(), [`mongodb: ${c} was acknowledged, and is lost`]);
});

test('an event that is there twice, under one id or under two', async () => {
  const one = scene();
  one.arrivals.push(one.arrival(a));
  assert.equal(await one.verdict(), [`mongodb: ${a} is there 2 times`]);
  const two = scene();
  two.arrivals.push(two.arrival(a, 'another id'));
  assert.equal(await two.verdict(), [`mongodb: ${a} is 2 events, and was one`]);
});

test('an event that was never sent, or has no mark', async () => {
  const { arrivals, arrival, deadLetter, verdict } = scene();
  arrivals.push(
    arrival(other),
    arrivalOf('x', { category: 'upload' }, () => undefined),
  );
  arrivals.push(arrivalOf('window', { category: 'connections' }, () => undefined));
  deadLetter('local', other);
  assert.equal(await verdict(), [
    `local: ${other} was never sent: {"mark":"${other}"}`,
    `mongodb: ${other} was never sent: {"mark":"${other}"}`,
    'mongodb: x was never sent: {"category":"upload"}',
  ]);
});

test('an event that was changed', async () => {
  const { stored, arrivals, arrival, verdict } = scene();
  stored[1]!.category = 'uploaded';
  arrivals[2] = arrival(c, c, 7);
  const [first, second] = await verdict();
  assert.match(first ?? '', new RegExp(`^local: ${b}: event is .*uploaded`));
  assert.is(second, `mongodb: ${c}: time is 7, but 1002 was sent`);
});

test('a dead letter takes the place of an event only where it must', async () => {
  const needless = scene();
  needless.arrivals.pop();
  needless.deadLetter('mongodb', c);
  assert.equal(await needless.verdict(), [`mongodb: ${c} is a dead letter without need: ${reason}`]);
  const needed = scene({ event: { deadAt: ['mongodb'] } });
  needed.arrivals.length = 0;
  for (const mark of [a, b, c]) needed.deadLetter('mongodb', mark);
  assert.equal(await needed.verdict(), []);
  needed.deadLetters[0]!.reason = '?';
  assert.equal(await needed.verdict(), [`mongodb: ${a} is dead for no good reason`]);
});

test('a dead letter that was delivered too', async () => {
  const { deadLetter, verdict } = scene({ event: { deadAt: ['mongodb'] } });
  deadLetter('mongodb', a);
  assert.ok((await verdict()).includes(`mongodb: ${a} is there, and a dead letter too (${reason})`));
});

test('what a sink leaves out is not there', async () => {
  const { arrivals, verdict } = scene({ event: { leftOutAt: ['mongodb'] } });
  arrivals.length = 1;
  assert.equal(await verdict(), [`mongodb: ${a} is there, though it is too old for it`]);
  arrivals.length = 0;
  assert.equal(await verdict(), []);
});

test('what was refused is nowhere, and what got no answer is everywhere or nowhere', async () => {
  const refused = await scene({ outcome: [503, 503] }).verdict();
  assert.equal(refused, [
    ...[a, b, c].map(mark => `local: ${mark} was refused, yet it is there`),
    ...[a, b, c].map(mark => `mongodb: ${mark} was refused, yet it is there`),
  ]);
  assert.equal(await scene({ outcome: [503, 0] }).verdict(), []);
  const nowhere = scene({ outcome: [0] });
  nowhere.arrivals.length = 0;
  nowhere.stored.length = 0;
  assert.equal(await nowhere.verdict(), []);
  const half = scene({ outcome: [0] });
  half.arrivals.pop();
  assert.match((await half.verdict())[0] ?? '', `the batch of ${a} is in pieces`);
  assert.equal(await half.verdict({ exact: false }), []);
});

test('without identity, each sending that was acknowledged is events of its own', async () => {
  const options = { identified: false, event: { mayRepeat: false } };
  const twice = scene({ ...options, outcome: [202, 202, 0] });
  const lost = await twice.verdict();
  assert.ok(lost.includes(`mongodb: ${a} was acknowledged 2 times, and is there 1 times`));
  for (const copy of ['second', 'third']) {
    for (const mark of [a, b, c]) {
      twice.arrivals.push(twice.arrival(mark, `${copy} ${mark}`));
      twice.stored.push({ ...twice.stored.find(({ id }) => id === mark), id: `${copy} ${mark}` });
    }
  }
  const found = await twice.verdict();
  assert.equal(
    found.filter(problem => !problem.includes('event is')),
    [],
  );
  twice.arrivals.push(twice.arrival(a, 'fourth'));
  assert.ok((await twice.verdict({ exact: false })).includes(`mongodb: ${a} is 4 events, and was at most 3`));
  const foreign = scene({ identified: false, event: { mayRepeat: true } });
  foreign.arrivals.push(foreign.arrival(a, 'another id'));
  assert.equal(await foreign.verdict({ exact: false }), []);
});

test('what was purged is lost, but no more than that, and the ledger says what is missing', async () => {
  const { arrivals, row, ledger, verdict } = scene();
  arrivals.pop();
  row.missing = 1;
  ledger.balanced = false;
  assert.equal(await verdict({ purged: new Map([['mongodb', 1]]) }), []);
  arrivals.pop();
  const [first, second, third] = await verdict({ purged: new Map([['mongodb', 1]]) });
  assert.is(first, `mongodb: ${b} was acknowledged, and is lost`);
  assert.is(second, `mongodb: ${c} was acknowledged, and is lost`);
  assert.match(third ?? '', 'the ledger does not balance', 'it misses only one');
});

test('a ledger that does not balance, and one that hides it', async () => {
  const { ledger, row, verdict } = scene();
  row.difference = 1;
  assert.match((await verdict())[0] ?? '', 'the ledger does not balance');
  row.difference = 0;
  row.missing = 1;
  assert.match((await verdict())[0] ?? '', 'the ledger does not balance');
  row.missing = 0;
  ledger.balanced = false;
  assert.match((await verdict())[0] ?? '', 'the ledger does not balance');
});

test('a ledger that stays inexact, though nothing else takes from the queues', async () => {
  const { ledger, row, verdict } = scene();
  ledger.exact = false;
  Object.assign(row, { difference: null, inexact: 'why' });
  assert.equal(await verdict(), []);
  assert.match((await verdict({ alone: true }))[0] ?? '', 'the ledger is not exact');
  setTimeout(() => {
    ledger.exact = true;
  }, 100);
  assert.equal(await verdict({ alone: true, ledgerPatienceMs: 5_000 }), []);
});

test('what was dated by a clock that was ahead is of the future for Google Analytics, and for no other sink', async () => {
  const { arrivals, deadLetters, verdict } = scene();
  const dead = (sink: string) => {
    const why =
      'created 2030-01-01T00:00:00.000Z, which is in the future: Google Analytics takes only what has happened';
    deadLetters.push({ sink, id: a, reason: why, body: `{"mark":"${a}"}` });
  };
  arrivals.shift();
  dead('mongodb');
  assert.match((await verdict({ movedClock: true }))[0] ?? '', 'is a dead letter without need');
  deadLetters.pop();
  dead('ga4');
  const ga4 = [{ sink: 'ga4', arrivals: () => arrivals }] as unknown as Judged['destinations'];
  assert.match((await verdict({ destinations: ga4 }))[0] ?? '', 'is a dead letter without need');
  assert.equal(await verdict({ destinations: ga4, movedClock: true }), []);
});

test('what is missing is a count of its own, never a difference', async () => {
  const { arrivals, row, ledger, verdict } = scene();
  arrivals.pop();
  row.difference = 1;
  ledger.balanced = false;
  assert.match((await verdict({ purged: new Map([['mongodb', 1]]) }))[0] ?? '', 'the ledger does not balance');
});

test.run();
