import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NumberSet } from '../../../../src/broker/rabbitmq/ledger/number-set.js';
import { type CountedDelivery, QueueLedger } from '../../../../src/broker/rabbitmq/ledger/queue-ledger.js';

const exchange = 'exchange events';
const none = new Map<string, NumberSet>();
const nothing = { numbers: none, count: 0 };
const outcome = { duplicates: 0, filtered: 0 };

function ledger(options: Partial<ConstructorParameters<typeof QueueLedger>[0]> = {}): QueueLedger {
  return new QueueLedger({
    sink: 'mongodb',
    queue: 'event-sink.mongodb',
    daemon: 'me',
    targets: [exchange, 'queue event-sink.mongodb'],
    place: 'here',
    now: () => 1_700_000_000_000,
    onNumber: () => true,
    ...options,
  });
}

const foreign = (id: string, fields: Partial<CountedDelivery> = {}): CountedDelivery => ({
  id,
  redelivered: false,
  repeated: false,
  counted: false,
  ...fields,
});
const own = (number: number, fields: Partial<CountedDelivery> = {}): CountedDelivery =>
  foreign(`id-${number}`, { daemon: 'me', numberedFor: exchange, number, ...fields });

/** What is kept, read again, as after a kill. */
function reopened(before: QueueLedger): QueueLedger {
  const { state, counts, foreign: kept } = before.save(() => 1_000_000, 1_000);
  return ledger({ state, counts, ...(kept === undefined ? {} : { foreign: { ...kept, ids: JSON.parse(kept.ids) } }) });
}

const sums = (one: QueueLedger): [accepted: number, delivered: number, outstanding: number] => [
  one.totals.accepted,
  one.totals.delivered,
  one.outstanding(none).inQueue,
];

test('an event is accepted once: at its confirm, or when it comes, whichever is first', () => {
  const one = ledger();
  one.accept(exchange, NumberSet.parse('1-3'));
  one.arrived(own(4));
  one.accept(exchange, NumberSet.parse('4-5'));
  assert.equal(sums(one), [5, 0, 5]);
  one.done(
    [1, 2, 3, 4, 5].map(number => own(number)),
    outcome,
  );
  one.accept(exchange, NumberSet.parse('5'));
  assert.equal(sums(one), [5, 5, 0]);
});

test('the same number twice is one event: what was settled and comes again is not counted', () => {
  const one = ledger();
  one.done([own(1), own(2)], outcome);
  const again = own(2, { redelivered: true });
  one.arrived(again);
  assert.ok(again.repeated);
  one.done([again], { duplicates: 1, filtered: 0 });
  one.dead([own(1, { redelivered: true })]);
  assert.equal(sums(one), [2, 2, 0]);
  assert.equal([one.totals.duplicates, one.totals.dead], [0, 0]);
});

test('after a kill, what was settled and comes again is known: ours by number, others by id', () => {
  const before = ledger();
  before.done([own(1), foreign('a'), foreign('b')], outcome);
  const after = reopened(before);
  after.done([own(1, { redelivered: true }), foreign('a', { redelivered: true })], outcome);
  assert.equal(sums(after), [3, 3, 0]);
  // Another message with the same id is another arrival.
  after.done([foreign('b')], outcome);
  assert.equal(sums(after), [4, 4, 0]);
});

test('a settlement that could not be kept and is made again counts once, and is kept with the next save', () => {
  const one = ledger();
  const deliveries = [own(1), foreign('a')];
  one.done(deliveries, outcome);
  one.unsaved(one.save(() => 10, 1_000));
  one.done(deliveries, outcome);
  assert.equal(sums(one), [2, 2, 0]);
  assert.equal(one.save(() => 10, 1_000).foreign?.ids, '["a"]');
});

test('every outcome has its column, and what came again takes nothing from them', () => {
  const one = ledger();
  one.done([own(1), own(2)], { duplicates: 0, filtered: 1, tooOld: 1 });
  one.done([own(3), own(4), own(4)], { duplicates: 2, filtered: 0 });
  one.dead([own(5)]);
  assert.equal(one.totals, { accepted: 5, delivered: 1, duplicates: 1, filtered: 1, too_old: 1, erased: 0, dead: 1 });
});

test('what is given up is missing, and outstanding again when it comes after all', () => {
  const one = ledger();
  one.accept(exchange, NumberSet.parse('1-10'));
  one.arrived(own(4));
  assert.is(one.giveUp(new Map([[exchange, NumberSet.parse('1-5')]]), one.ownNumbers([own(4)])), 4);
  assert.equal([one.missing, one.outstanding(none).inQueue], [4, 6]);
  assert.is(reopened(one).missing, 4);
  one.arrived(own(2));
  one.done([own(2), own(3)], outcome);
  assert.equal([one.missing, one.totals.accepted, one.totals.delivered], [2, 10, 2]);
});

test('messages of other daemons, of older releases and for other queues are foreign', () => {
  const one = ledger();
  const strangers = [own(1, { daemon: 'other' }), foreign('v1'), own(2, { numberedFor: 'queue another' })];
  for (const stranger of strangers) one.arrived(stranger);
  assert.equal(sums(one), [0, 0, 0]);
  one.done(strangers, outcome);
  assert.equal(sums(one), [3, 3, 0]);
});

test('what is in the outbox is not expected in the queue', () => {
  const one = ledger();
  one.accept(exchange, NumberSet.parse('1-10'));
  const outbox = new Map([[exchange, NumberSet.parse('8-20')]]);
  assert.equal(one.outstanding(outbox), { inQueue: 7, inOutbox: 3 });
  assert.is(one.waiting(outbox, nothing).absent.get(exchange)?.toString(), '1-7');
});

test('what came and went back is absent, and not unarrived; it may be missing too', () => {
  const one = ledger();
  one.accept(exchange, NumberSet.parse('1-6'));
  for (const number of [1, 2, 3]) one.arrived(own(number));
  const inHand = one.ownNumbers([own(3), foreign('stranger'), own(9, { daemon: 'other' })]);
  assert.is(inHand.count, 1);
  const { absent, unarrived } = one.waiting(none, inHand);
  assert.equal([absent.get(exchange)?.toString(), unarrived.get(exchange)?.toString()], ['1-2,4-6', '4-6']);
  assert.is(one.giveUp(absent, inHand), 5);
  assert.equal(sums(one), [6, 0, 1]);
});

test('what others have settled was never accepted here, but for what is in hand', () => {
  const one = ledger();
  one.accept(exchange, NumberSet.parse('1-6'));
  one.disown(one.waiting(none, nothing).absent, one.ownNumbers([own(2)]));
  assert.equal(sums(one), [1, 0, 1]);
  one.disownAll();
  assert.equal(sums(one), [0, 0, 0]);
});

test('only a process that has not ended in an orderly way may have left a consumer', () => {
  const first = ledger();
  assert.not(first.leftOpen);
  assert.ok(reopened(first).leftOpen);
  first.closed = true;
  assert.not(reopened(first).leftOpen);
  const { open: _, ...older } = JSON.parse(first.save(() => 1, 1).state);
  assert.ok(ledger({ state: JSON.stringify(older) }).leftOpen);
});

test('another place has other messages: nothing is concluded from what was outstanding', () => {
  const before = ledger();
  before.accept(exchange, NumberSet.parse('1-5'));
  const { state } = before.save(() => 10, 1_000);
  assert.not(ledger({ state }).shared);
  assert.ok(ledger({ state, place: 'there' }).shared);
});

test.run();
