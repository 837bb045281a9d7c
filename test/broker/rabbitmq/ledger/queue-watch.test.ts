import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NumberSet } from '../../../../src/broker/rabbitmq/ledger/number-set.js';
import { type Finding, type Look, QueueWatch } from '../../../../src/broker/rabbitmq/ledger/queue-watch.js';

const exchange = 'exchange events';
const waiting = (numbers: string) => new Map([[exchange, NumberSet.parse(numbers)]]);
const newest = (number: number) => new Map([[exchange, number]]);

/** A queue as one would see it, a second later at each look; at first idle, with a consumer that has settled in. */
class Scene {
  readonly watch = new QueueWatch();
  now = 100_000;
  shared = false;
  state: Omit<Look, 'now'> = {
    consumer: '1',
    mine: 1,
    ready: 0,
    consumers: 1,
    inHand: 0,
    prefetch: 10,
    expected: 0,
    settledMeanwhile: 0,
    lastArrival: 0,
    unarrived: new Map(),
    upcoming: newest(11),
    newest: newest(0),
  };

  constructor() {
    this.look(6);
  }

  /** Returns the numbers found lost, in ranges. */
  look(seconds: number, change: Partial<Omit<Look, 'now'>> = {}): string {
    this.state = { ...this.state, ...change };
    const found = new NumberSet();
    for (let second = 0; second < seconds; second += 1) {
      this.now += 1_000;
      for (const lost of this.finding().lost) for (const set of lost.values()) found.addAll(set);
    }
    return found.toString();
  }

  finding(): Finding {
    return this.watch.look({ ...this.state, now: this.now }, this.shared);
  }
}

const lost = { unarrived: waiting('3-5'), expected: 3 };

test('a queue that is empty for five seconds while confirmed events have not come has lost them', () => {
  const scene = new Scene();
  assert.is(scene.look(5, lost), '');
  assert.is(scene.look(2), '3-5');
});

test('while anything still arrives nothing is lost, however empty the queue', () => {
  const scene = new Scene();
  for (let second = 0; second < 30; second += 1) assert.is(scene.look(1, { ...lost, lastArrival: scene.now }), '');
});

test('what a later event has overtaken is lost five seconds after', () => {
  const scene = new Scene();
  assert.is(scene.look(20, { ...lost, ready: 50, expected: 53 }), '');
  assert.is(scene.look(5, { newest: newest(11), lastArrival: Number.POSITIVE_INFINITY }), '');
  assert.is(scene.look(2), '3-5');
});

test('an event that was published before overtakes nothing', () => {
  const scene = new Scene();
  assert.is(scene.look(30, { ...lost, ready: 50, expected: 53, newest: newest(10) }), '');
});

test('a new consumer begins anew: what was on its way goes back first', () => {
  const scene = new Scene();
  for (let round = 2; round < 12; round += 1) assert.is(scene.look(4, { ...lost, consumer: String(round) }), '');
});

test('with another consumer nothing is concluded; what is left when it has gone is theirs', () => {
  const scene = new Scene();
  assert.is(scene.look(20, { ...lost, consumers: 2 }), '');
  assert.is(scene.finding().verdict, 'shared');
  scene.shared = true;
  assert.is(scene.look(20, { consumers: 1 }), '');
  const { verdict, drained } = scene.finding();
  assert.equal([verdict, drained, scene.watch.standing], ['sure', true, 0]);
});

test('right after a consumer was opened, a second one may be the one before', () => {
  const scene = new Scene();
  scene.look(1, { consumer: '2', consumers: 2 });
  assert.is(scene.finding().verdict, 'unknown');
});

test('zeros, as a quorum queue without a leader answers, and no answer say nothing', () => {
  const scene = new Scene();
  assert.is(scene.look(30, { ...lost, consumers: 0, ready: 0 }), '');
  assert.is(scene.finding().verdict, 'unknown');
  assert.is(scene.look(30, { ...lost, ready: undefined }), '');
  assert.is(scene.finding().verdict, 'unknown');
  assert.is(scene.watch.standing, 0);
});

test('a deficit counts when it has stood, and beyond what may be on the way', () => {
  const scene = new Scene();
  scene.look(6, { inHand: 10, ready: 5, expected: 15 });
  assert.is(scene.watch.standing, 0);
  scene.look(4, { expected: 40 });
  assert.is(scene.watch.standing, 0);
  scene.look(4);
  assert.is(scene.watch.standing, 25);
  // The consumer could have been sent as many as it has room for.
  scene.look(7, { inHand: 3, expected: 33 });
  assert.is(scene.watch.standing, 18);
  scene.look(1, { expected: 12 });
  assert.is(scene.watch.standing, 0);
});

test('a sink that takes nothing still shows what its queue has lost', () => {
  const scene = new Scene();
  scene.look(12, { consumer: undefined, mine: 0, consumers: 0, ready: 5, expected: 30 });
  assert.is(scene.watch.standing, 25);
});

test.run();
