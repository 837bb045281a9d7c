import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Broker, Settlement } from '../../src/broker/broker.js';
import { Settler } from '../../src/delivery/settle.js';
import { TransientError } from '../../src/errors.js';
import { peopleOf } from '../../src/people/people.js';
import { erasedBody, Suppression } from '../../src/people/suppression.js';
import { delivery } from '../helpers/deliveries.js';
import { ManualClock, settled } from '../helpers/manual-clock.js';
import { recordingLog } from '../helpers/recording-log.js';

const secret = 'a secret of the test';

/** A broker that notes what is asked of it, and fails as often as the test says. */
class Scene {
  readonly calls: string[] = [];
  /** Settlements that succeeded. */
  readonly taken: Settlement[] = [];
  readonly clock = new ManualClock();
  readonly giveUp = new AbortController();
  readonly recorded = recordingLog();
  readonly suppression = new Suppression(secret);
  failures = 0;
  /** Dead letters cannot be kept. */
  deadLettersRefused = false;
  /** As reported: dead letters, and events that are done with. */
  readonly unsettled: unknown[] = [];
  readonly delayed: unknown[] = [];
  opened = 0;

  readonly #subscription = {
    settle: async (settlement: Settlement) => {
      if (settlement.dead.length > 0) await this.#keep(settlement.dead.map(({ delivery: { id } }) => id));
      else await this.#call(`settle ${settlement.done.map(({ id }) => id)}`);
      this.taken.push(settlement);
    },
    requeue: (deliveries: { id: string }[]) => this.#call(`requeue ${deliveries.map(({ id }) => id)}`),
    pause: () => this.#call('pause'),
    resume: () => this.#call('resume'),
    close: () => this.#call('close'),
  };

  readonly settler = new Settler({
    sink: 'mongodb',
    broker: {
      subscribe: async (sink: string, prefetch: number) => {
        await this.#call(`subscribe ${sink} ${prefetch}`);
        return this.#subscription;
      },
    } as unknown as Broker,
    clock: this.clock,
    log: this.recorded.log,
    giveUp: this.giveUp.signal,
    suppression: this.suppression,
    onUnsettled: (count, error, kind) =>
      (kind === 'dead' ? this.unsettled : this.delayed).push([count, error?.fault, error?.message]),
  });

  async #keep(ids: readonly string[]): Promise<void> {
    this.calls.push(`keep ${ids}`);
    if (this.deadLettersRefused) throw new TransientError('the dead-letter queue is full');
  }

  async #call(name: string): Promise<void> {
    this.calls.push(name);
    if (this.failures > 0) {
      this.failures -= 1;
      throw new Error('the disk is full');
    }
  }

  async open(): Promise<void> {
    this.settler.open(200, () => {
      this.opened += 1;
    });
    await settled();
  }

  get lines(): string[] {
    return this.recorded.lines.map(({ line }) => line);
  }
}

const test = suite<{ scene: Scene }>('settler');
test.before.each(context => {
  context.scene = new Scene();
});

const done = (...ids: string[]): Settlement => ({
  done: ids.map(id => delivery(id)),
  duplicates: 0,
  filtered: 0,
  dead: [],
});

test('what is asked of the broker is done in order', async ({ scene }) => {
  const { settler } = scene;
  await scene.open();
  settler.settle(done('a'));
  settler.requeue([delivery('b')]);
  assert.is(settler.isPaused, false);
  settler.pause();
  settler.resume(() => scene.calls.push(`resumed, ${settler.isPaused ? 'still' : 'not'} paused`));
  assert.is(settler.isPaused, true, 'at once, before the broker has heard of it');
  await settled();
  assert.equal(scene.calls, [
    'subscribe mongodb 200',
    'settle a',
    'requeue b',
    'pause',
    'resume',
    'resumed, not paused',
  ]);
  assert.is(scene.taken.length, 1);
});

test('a settlement that fails is retried before anything that follows, and succeeds once', async ({ scene }) => {
  await scene.open();
  scene.failures = 2;
  scene.settler.settle(done('a'));
  scene.settler.settle(done('b'));
  for (let wait = 0; wait < 3; wait += 1) {
    await settled();
    await scene.clock.pass(1_000);
  }
  assert.equal(scene.calls.slice(1), ['settle a', 'settle a', 'settle a', 'settle b']);
  assert.is(scene.taken.length, 2);
  assert.equal(
    scene.recorded.lines.map(({ line, fields }) => [line, fields.reason]),
    [['settlement.delayed', 'the disk is full']],
  );
  assert.equal(scene.delayed, [
    [2, 'bug', 'the disk is full'],
    [2, 'bug', 'the disk is full'],
    [0, undefined, undefined],
  ]);
  assert.equal(scene.unsettled, []);
});

test('a settlement that is refused for a day is a few log lines, and shows all the time', async ({ scene }) => {
  await scene.open();
  scene.failures = Number.POSITIVE_INFINITY;
  scene.settler.settle(done('a'));
  for (let wait = 0; wait < 8_640; wait += 1) await scene.clock.pass(10_000);
  const lines = scene.lines.filter(line => line === 'settlement.delayed').length;
  assert.ok(lines > 5 && lines < 35, String(lines));
  assert.equal(scene.delayed.at(-1), [1, 'bug', 'the disk is full']);
});

const dead = (...ids: string[]): Settlement => ({
  ...done(),
  dead: ids.map(id => ({ delivery: delivery(id), reason: 'not JSON', fault: 'poison', attempts: 1 })),
});

test('dead letters that cannot be kept hold up nothing else; they show until they are kept', async ({ scene }) => {
  await scene.open();
  scene.deadLettersRefused = true;
  scene.settler.settle({ ...done('a'), dead: dead('bad').dead });
  await settled();
  scene.settler.settle(done('b'));
  scene.settler.settle(dead('worse'));
  scene.settler.requeue([delivery('c')]);
  await settled();
  assert.equal(
    scene.calls.slice(1).filter(call => !call.startsWith('keep')),
    ['settle a', 'settle b', 'requeue c'],
  );
  assert.equal(scene.unsettled, [[1, 'transient', 'the dead-letter queue is full']]);
  await scene.clock.pass(1_000);
  assert.equal(scene.unsettled.at(-1), [2, 'transient', 'the dead-letter queue is full']);
  scene.deadLettersRefused = false;
  for (let wait = 0; wait < 3; wait += 1) await scene.clock.pass(1_000);
  assert.equal(scene.calls.slice(-2), ['keep bad', 'keep worse']);
  assert.equal(scene.unsettled.at(-1), [0, undefined, undefined]);
  assert.is(scene.taken.length, 4);
});

test('of people who are erased while a dead letter waits, neither its body nor its reason says anything', async ({
  scene,
}) => {
  await scene.open();
  scene.deadLettersRefused = true;
  const bad = (id: string, fields: object, reason: string) => ({
    ...{ delivery: delivery(id, { category: 'upload', ...fields }), fault: 'poison' as const, attempts: 1 },
    reason,
  });
  scene.settler.settle({
    ...done(),
    dead: [
      bad('hers', { user_id: 'user-of-ada', user_name: 'Ada' }, '422 ("Ada is unknown")'),
      bad('other', { author_id: 'user-of-ada', author_name: 'Ada E.' }, 'Key (author_name)=(Ada E.) is too long'),
      bad('quoted', { user_id: 'user-of-carl' }, '422 ("unknown user ada@example.org")'),
      bad('clean', { user_id: 'user-of-carl' }, '422 ("no size")'),
    ],
  });
  await settled();
  scene.suppression.add(peopleOf(secret, ['user-of-ada', 'ada@example.org']).hashes);
  scene.deadLettersRefused = false;
  await scene.clock.pass(1_000);
  assert.equal(
    scene.taken[0]?.dead.map(({ reason }) => reason),
    ['erased', 'Key (author_name)=([erased]) is too long', '422 ("unknown user [erased]")', '422 ("no size")'],
  );
  const [hers, other, ...asTheyCame] = scene.taken[0]!.dead.map(({ body }) => body);
  assert.is(hers, erasedBody);
  assert.equal(JSON.parse(other!).author_name, undefined);
  assert.equal(asTheyCame, [undefined, undefined]);
});

test('dead letters that are refused for a day are a few log lines', async ({ scene }) => {
  await scene.open();
  scene.deadLettersRefused = true;
  scene.settler.settle(dead('bad'));
  for (let wait = 0; wait < 8_640; wait += 1) await scene.clock.pass(10_000);
  const lines = scene.lines.filter(line => line === 'dead-letters.delayed').length;
  assert.ok(lines > 5 && lines < 35, String(lines));
});

test('dead letters that wait when everything goes back to the broker go back too, and are not counted', async ({
  scene,
}) => {
  await scene.open();
  scene.deadLettersRefused = true;
  scene.settler.settle(dead('bad'));
  await settled();
  scene.settler.pause();
  scene.deadLettersRefused = false;
  await scene.clock.pass(1_000);
  assert.equal(scene.calls.slice(1), ['keep bad', 'pause']);
  assert.equal(scene.taken, []);
  assert.equal(scene.unsettled.at(-1), [0, undefined, undefined]);
});

test('an empty settlement and an empty requeue ask nothing', async ({ scene }) => {
  await scene.open();
  scene.settler.settle(done());
  scene.settler.requeue([]);
  await settled();
  assert.equal(scene.calls.slice(1), []);
  assert.equal(scene.taken, []);
});

test('rejected events are logged one by one, and no more than ten of a settlement', async ({ scene }) => {
  await scene.open();
  const dead = Array.from({ length: 25 }, (_, index) => ({
    delivery: delivery(`bad-${index}`),
    reason: 'no category',
    fault: 'poison' as const,
    attempts: 1,
  }));
  scene.settler.settle({ ...done(), dead });
  const rejected = scene.recorded.lines.filter(({ line }) => line === 'event.rejected');
  assert.is(rejected.length, 10);
  assert.equal(rejected[0]?.fields, { id: 'bad-0', fault: 'poison', reason: 'no category' });
});

test('what is logged of a rejected event names nobody who was erased', async ({ scene }) => {
  await scene.open();
  scene.suppression.add(peopleOf(secret, ['ada@example.org']).hashes);
  const reason = '422 ("unknown user ada@example.org")';
  scene.settler.settle({ ...done(), dead: [{ delivery: delivery('bad'), reason, fault: 'poison', attempts: 1 }] });
  const rejected = scene.recorded.lines.find(({ line }) => line === 'event.rejected');
  assert.is(rejected?.fields.reason, '422 ("unknown user [erased]")');
});

test('what is too old is logged once a settlement, with its count', async ({ scene }) => {
  await scene.open();
  scene.settler.settle({ ...done('a', 'b', 'c'), tooOld: 2 });
  scene.settler.settle({ ...done('d'), tooOld: 0 });
  await settled();
  assert.equal(
    scene.recorded.lines.map(({ line, fields }) => [line, fields]),
    [['events.too-old', { count: 2 }]],
  );
});

test('a queue that cannot be opened is tried until it can', async ({ scene }) => {
  scene.failures = 1;
  await scene.open();
  assert.is(scene.opened, 0);
  assert.equal(scene.lines, ['queue.unreachable']);
  await scene.clock.pass(100);
  assert.is(scene.opened, 1);
});

test('an end before the queue was opened is not followed by an opening', async ({ scene }) => {
  scene.failures = 1;
  await scene.open();
  const ended = scene.settler.end();
  await scene.clock.pass(100);
  await ended;
  assert.is(scene.opened, 0);
  assert.equal(scene.calls, ['subscribe mongodb 200']);
});

test('the end comes after everything before it; a close that fails is logged', async ({ scene }) => {
  await scene.open();
  scene.settler.settle(done('a'));
  scene.settler.pause();
  const ended = scene.settler.end();
  await settled();
  await ended;
  assert.equal(scene.calls.slice(1), ['settle a', 'pause', 'close']);
  scene.failures = 1;
  await scene.settler.end();
  assert.equal(scene.lines, ['queue.unreachable']);
});

test('when shutdown gives up, what fails is not retried any more', async ({ scene }) => {
  await scene.open();
  scene.failures = 1_000;
  scene.settler.settle(done('a'));
  await settled();
  scene.giveUp.abort();
  await settled();
  const calls = scene.calls.length;
  await scene.clock.pass(60_000);
  assert.is(scene.calls.length, calls);
  assert.equal(scene.taken, []);
});

test.run();
