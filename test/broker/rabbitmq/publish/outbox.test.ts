import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Outbox } from '../../../../src/broker/rabbitmq/publish/outbox.js';
import type { OutgoingMessage } from '../../../../src/broker/rabbitmq/publish/outgoing-message.js';
import type { PublishResult } from '../../../../src/broker/rabbitmq/publish/pending-confirms.js';
import { TransientError } from '../../../../src/errors.js';
import { ManualClock, settled } from '../../../helpers/manual-clock.js';
import { recordingLog } from '../../../helpers/recording-log.js';
import { until } from '../../../helpers/wait.js';
import { ScratchDatabase } from '../../../storage/scratch.js';

const event = (id: string): OutgoingMessage => ({
  message: { id, body: '{}', source: 'http', received: 1_700_000_000_000 },
  target: null,
});
const events = (count: number): OutgoingMessage[] => Array.from({ length: count }, (_, index) => event(`${index}`));

class Scene {
  readonly scratch = new ScratchDatabase();
  readonly clock = new ManualClock();
  readonly recorded = recordingLog();
  /** The ids of each publication. */
  readonly published: string[][] = [];
  /** What the ledger heard: `kept 2`, `left 2`. */
  readonly noted: string[] = [];
  ready = true;
  failing: Error | undefined;
  result: (id: string) => PublishResult = () => 'confirmed';
  onPublish: () => void = () => {};
  readonly outbox = this.open();

  open(maxBytes = 10_000_000): Outbox {
    const { scratch, clock, recorded } = this;
    const write: typeof scratch.write = (name, ...args) => {
      if (this.failing !== undefined) throw this.failing;
      return scratch.write(name, ...args);
    };
    return new Outbox({
      storage: {
        write: async (name, ...args) => write(name, ...args),
        read: async (name, ...args) => scratch.read(name, ...args),
        atomically: async calls => calls.map(([name, ...args]) => write(name, ...(args as never))) as never,
      },
      maxBytes,
      ready: () => this.ready,
      publish: async messages => {
        const ids = messages.map(({ message }) => message.id);
        this.published.push(ids);
        this.onPublish();
        return ids.map(id => this.result(id));
      },
      ledger: {
        kept: messages => void this.noted.push(`kept ${messages.length}`),
        left: messages => void this.noted.push(`left ${messages.length}`),
      },
      clock,
      log: recorded.log,
    });
  }
}

const test = suite<{ scene: Scene }>('outbox');
test.before.each(async context => {
  context.scene = new Scene();
  await context.scene.outbox.open();
});
test.after.each(({ scene }) => scene.outbox.close());

test('what is kept leaves after its confirm, and the ledger notes both', async ({ scene }) => {
  scene.ready = false;
  await scene.outbox.put(events(2));
  await settled();
  assert.equal(scene.noted, ['kept 2']);
  assert.is(scene.outbox.state.waiting, 2);
  scene.ready = true;
  scene.outbox.wake();
  await until(() => scene.outbox.state.waiting === 0, 'an empty outbox');
  await settled();
  assert.equal(scene.published, [['0', '1']]);
  assert.equal(scene.noted, ['kept 2', 'left 2']);
});

test('one that is full takes nothing, and what is not kept is in no count', async ({ scene }) => {
  const small = scene.open(99);
  const error = await small.put(events(50)).catch(thrown => thrown);
  assert.match(error.message, 'OUTBOX_MAX_MB');
  assert.equal(scene.noted, []);
  assert.is(scene.scratch.read('outboxSize').count, 0);
});

test('a pass that the broker interrupts goes on behind the page where it stopped', async ({ scene }) => {
  scene.ready = false;
  await scene.outbox.put(events(1_200));
  scene.onPublish = () => {
    if (scene.published.length === 2) scene.ready = false;
  };
  scene.result = id => (id !== '0' && Number(id) < 500 ? 'failed' : 'confirmed');
  scene.ready = true;
  scene.outbox.wake();
  await until(() => scene.published.length === 2, 'two pages');
  await settled();
  scene.ready = true;
  scene.outbox.wake();
  await until(() => scene.published.length === 3, 'the third page');
  assert.equal(
    scene.published.map(([first]) => first),
    ['0', '500', '1000'],
  );
  await until(() => scene.outbox.state.stuck === 499, 'the rest of the first page to be known as stuck');
});

test('what the broker refuses is tried again after a wait, or at once when the broker is another one', async ({
  scene,
}) => {
  scene.result = () => 'failed';
  await scene.outbox.put(events(1));
  await until(() => scene.outbox.state.stuck === 1, 'it to be known as stuck');
  scene.outbox.wake();
  await settled();
  assert.is(scene.published.length, 1);
  await scene.clock.pass(1_000);
  await until(() => scene.published.length === 2, 'the next pass');
  await until(() => scene.clock.sleeping > 0, 'the wait after it');
  scene.result = () => 'confirmed';
  scene.outbox.retryNow();
  await until(() => scene.outbox.state.waiting === 0, 'an empty outbox');
  assert.is(scene.published.length, 3);
});

test('a storage that fails is named as the reason, and loses nothing', async ({ scene }) => {
  scene.ready = false;
  await scene.outbox.put(events(1));
  scene.failing = new TransientError('the disk is full');
  scene.ready = true;
  scene.outbox.wake();
  await until(() => scene.outbox.state.stuck === 1, 'it to be known as stuck');
  assert.is(scene.outbox.state.stuckReason, 'the outbox cannot be read or written: the disk is full');
  assert.ok(scene.recorded.lines.some(({ line }) => line === 'outbox.stalled'));
  scene.failing = undefined;
  await scene.clock.pass(60_000);
  await until(() => scene.outbox.state.waiting === 0, 'an empty outbox');
});

test('what was set aside waits again in the next process', async ({ scene }) => {
  scene.result = id => (id === '1' ? { refused: 'it is too large' } : 'confirmed');
  await scene.outbox.put(events(3));
  await until(() => scene.outbox.state.setAside === 1, 'one to be set aside');
  assert.is(scene.outbox.state.setAsideReason, 'it is too large');
  assert.is(scene.outbox.state.waiting, 0);
  scene.result = () => 'confirmed';
  const next = scene.open();
  await next.open();
  await until(() => next.state.waiting === 0, 'an empty outbox');
  assert.equal(scene.published.at(-1), ['1']);
  assert.is(next.state.setAside, 0);
  await next.close();
});

test.run();
