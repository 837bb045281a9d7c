import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NumberSet } from '../../../../src/broker/rabbitmq/ledger/number-set.js';
import { type Finding, type Observation, QueueWatch } from '../../../../src/broker/rabbitmq/ledger/queue-watch.js';

const exchange = 'exchange events';
const waiting = (numbers: string) => new Map([[exchange, NumberSet.parse(numbers)]]);
const newest = (number: number) => new Map([[exchange, number]]);

/**
 * A queue as one would see it, a second later at each observation; at first idle, with a consumer that has settled in.
 */
class Scene {
  readonly watch: QueueWatch;
  now = 100_000;
  shared = false;
  state: Omit<Observation, 'now'> = {
    consumer: '1',
    mine: 1,
    ready: 0,
    consumers: 1,
    inHand: 0,
    ownInHand: 0,
    prefetch: 10,
    expected: 0,
    settledMeanwhile: 0,
    lastArrival: 0,
    absent: new Map(),
    unarrived: new Map(),
    upcoming: newest(11),
    newest: newest(0),
  };

  constructor({ mayHaveGhost = false } = {}) {
    this.watch = new QueueWatch({ ghostMs: 35_000, mayHaveGhost });
    this.pass(6);
  }

  /** Returns the numbers found lost, in ranges. */
  pass(seconds: number, change: Partial<Omit<Observation, 'now'>> = {}): string {
    this.state = { ...this.state, ...change };
    const found = new NumberSet();
    for (let second = 0; second < seconds; second += 1) {
      this.now += 1_000;
      for (const lost of this.finding().lost) for (const set of lost.values()) found.addAll(set);
    }
    return found.toString();
  }

  finding(): Finding {
    return this.watch.observe({ ...this.state, now: this.now }, this.shared);
  }
}

const lost = { absent: waiting('3-5'), unarrived: waiting('3-5'), expected: 3 };

test('a queue that is empty for five seconds while confirmed events have not come has lost them', () => {
  const scene = new Scene();
  assert.is(scene.pass(5, lost), '');
  assert.is(scene.pass(2), '3-5');
});

test('while anything still arrives nothing is lost, however empty the queue', () => {
  const scene = new Scene();
  for (let second = 0; second < 30; second += 1) assert.is(scene.pass(1, { ...lost, lastArrival: scene.now }), '');
});

test('what a later event has overtaken is lost five seconds after', () => {
  const scene = new Scene();
  assert.is(scene.pass(20, { ...lost, ready: 50, expected: 53 }), '');
  assert.is(scene.pass(5, { newest: newest(11), lastArrival: Number.POSITIVE_INFINITY }), '');
  assert.is(scene.pass(2), '3-5');
});

test('an event that was published before overtakes nothing', () => {
  const scene = new Scene();
  assert.is(scene.pass(30, { ...lost, ready: 50, expected: 53, newest: newest(10) }), '');
});

test('a new consumer begins anew: what was on its way goes back first', () => {
  const scene = new Scene();
  for (let round = 2; round < 12; round += 1) assert.is(scene.pass(4, { ...lost, consumer: String(round) }), '');
});

test('with another consumer nothing is concluded; what is left when it has gone is theirs', () => {
  const scene = new Scene();
  assert.is(scene.pass(20, { ...lost, consumers: 2 }), '');
  assert.is(scene.finding().verdict, 'shared');
  scene.shared = true;
  assert.is(scene.pass(20, { consumers: 1 }), '');
  const { verdict, drained } = scene.finding();
  assert.equal([verdict, drained, scene.watch.standing], ['sure', true, 0]);
});

test('a consumer that was there when ours changed may be a lost one: nothing is concluded until it is gone', () => {
  const scene = new Scene();
  scene.pass(1, { consumer: '2', consumers: 2 });
  assert.is(scene.finding().verdict, 'ghost');
  assert.is(scene.pass(20, lost), '');
  assert.is(scene.finding().verdict, 'ghost');
  assert.is(scene.pass(5, { consumers: 1 }), '');
  assert.is(scene.finding().verdict, 'sure');
  assert.is(scene.pass(2), '3-5');
});

test('one that stays longer than RabbitMQ keeps a lost one is somebody else', () => {
  const scene = new Scene();
  scene.pass(34, { consumer: '2', consumers: 2 });
  assert.is(scene.finding().verdict, 'ghost');
  scene.pass(7);
  assert.is(scene.finding().verdict, 'shared');
});

test('while a consumer of ours is opened, RabbitMQ may count it before we do', () => {
  const scene = new Scene();
  scene.pass(30, { consumer: undefined, mine: 0, consumers: 0 });
  scene.pass(3, { consumers: 1 });
  assert.is(scene.finding().verdict, 'ghost');
  scene.pass(30, { consumer: '2', mine: 1 });
  assert.is(scene.finding().verdict, 'sure');
});

test('one that comes later is somebody else within five seconds, and so is one more', () => {
  const scene = new Scene();
  scene.pass(5, { consumers: 2 });
  assert.is(scene.finding().verdict, 'shared');
  scene.pass(5, { consumer: '2' });
  assert.is(scene.finding().verdict, 'ghost');
  scene.pass(5, { consumers: 3 });
  assert.is(scene.finding().verdict, 'shared');
});

test('at the start a second consumer is a lost one only where a process may have left one', () => {
  const verdicts = [false, true].map(mayHaveGhost => {
    const scene = new Scene({ mayHaveGhost: true });
    const fresh = new QueueWatch({ ghostMs: 35_000, mayHaveGhost });
    const at = (now: number) => fresh.observe({ ...scene.state, consumers: 2, now }, false).verdict;
    at(scene.now);
    return at(scene.now + 5_000);
  });
  assert.equal(verdicts, ['shared', 'ghost']);
});

test('zeros, as a quorum queue without a leader answers, and no answer say nothing', () => {
  const scene = new Scene();
  assert.is(scene.pass(30, { ...lost, consumers: 0, ready: 0 }), '');
  assert.is(scene.finding().verdict, 'unknown');
  assert.is(scene.pass(30, { ...lost, ready: undefined }), '');
  assert.is(scene.finding().verdict, 'unknown');
  assert.is(scene.watch.standing, 0);
});

test('a deficit counts when it has stood, and beyond what may be on the way', () => {
  const scene = new Scene();
  scene.pass(6, { inHand: 10, ownInHand: 10, ready: 5, expected: 15 });
  assert.is(scene.watch.standing, 0);
  scene.pass(4, { expected: 40 });
  assert.is(scene.watch.standing, 0);
  scene.pass(4);
  assert.is(scene.watch.standing, 25);
  // A message in hand that is not ours takes up the room of one.
  scene.pass(7, { ownInHand: 8, expected: 38 });
  assert.is(scene.watch.standing, 25);
  // The consumer could have been sent as many as it has room for.
  scene.pass(7, { inHand: 3, ownInHand: 3, expected: 33 });
  assert.is(scene.watch.standing, 18);
  scene.pass(1, { expected: 12 });
  assert.is(scene.watch.standing, 0);
});

test('a sink that takes nothing still shows what its queue has lost, also beside what is published meanwhile', () => {
  const scene = new Scene();
  const held = {
    inHand: 10,
    ownInHand: 10,
    ready: 30,
    expected: 40,
    absent: waiting('11-40'),
    unarrived: waiting('11-40'),
  };
  assert.is(scene.pass(20, held), '');
  assert.is(scene.finding().deficit, 0);
  // Purged, and 7 more published.
  assert.is(scene.pass(5, { ready: 7, expected: 47, absent: waiting('11-47'), unarrived: waiting('11-47') }), '');
  assert.is(scene.finding().deficit, 0);
  scene.pass(2);
  assert.is(scene.finding().deficit, 30);
  scene.watch.counted();
  assert.is(scene.finding().deficit, 0);
});

const paused = { consumer: undefined, mine: 0, consumers: 0 };

test('the queue of a paused sink that lost a part of what it had', () => {
  const scene = new Scene();
  scene.pass(12, { ...paused, ready: 5, expected: 30 });
  const { verdict, deficit } = scene.finding();
  assert.equal([verdict, deficit], ['sure', 25]);
});

test('zeros of a paused sink are unproven, and the deficit stands until the leader is asked', () => {
  const scene = new Scene();
  scene.pass(12, { ...paused, ready: 30, expected: 30 });
  assert.is(scene.pass(5, { ready: 0 }), '');
  assert.equal([scene.finding().verdict, scene.finding().deficit], ['unproven', 0]);
  scene.pass(2);
  assert.is(scene.finding().deficit, 30);
  scene.pass(1, { expected: 0 });
  assert.equal([scene.finding().verdict, scene.finding().deficit], ['sure', 0]);
});

test('what came and went back is passed by an empty queue alone', () => {
  const returned = { absent: waiting('3-5'), expected: 3 };
  const overtaken = new Scene();
  assert.is(overtaken.pass(2, { ...returned, ready: 50 }), '');
  assert.is(overtaken.pass(20, { newest: newest(11), lastArrival: Number.POSITIVE_INFINITY }), '');
  const empty = new Scene();
  assert.is(empty.pass(5, returned), '');
  assert.is(empty.pass(2), '3-5');
});

test('what comes while it is waited for is not lost, even if it goes back again', () => {
  const scene = new Scene();
  assert.is(scene.pass(3, lost), '');
  assert.is(scene.pass(1, { absent: waiting('5'), unarrived: waiting('5') }), '');
  assert.is(scene.pass(3, { absent: waiting('3-5') }), '5');
});

test.run();
