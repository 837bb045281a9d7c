import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Message } from '../../src/events/message.js';
import { Notifier } from '../../src/notify/notifier.js';
import { ManualClock } from '../helpers/manual-clock.js';
import { recordingLog } from '../helpers/recording-log.js';
import { rememberingMemory } from '../helpers/sink-session.js';
import { configOf, down, up } from './scene.js';

/** What the disk has, and the daemons that come and go. */
class Scene {
  readonly clock = new ManualClock();
  readonly published: Message[] = [];
  readonly recorded = recordingLog();
  readonly memory = rememberingMemory();
  /** Fails where a kill or a full disk would. */
  fails: { put?: boolean; publish?: boolean; afterPublish?: boolean } = {};
  readonly #stops: (() => Promise<void>)[] = [];

  start(): Notifier {
    const notifier = new Notifier({
      config: configOf(),
      keyValues: {
        get: this.memory.get,
        put: async (entries, keepMs) => {
          if (this.fails.put) throw new Error('the disk is full');
          await this.memory.put(entries, keepMs);
        },
      },
      publish: async messages => {
        if (this.fails.publish) throw new Error('the broker is full');
        this.published.push(...messages);
        if (this.fails.afterPublish) throw new Error('killed');
      },
      clock: this.clock,
      log: this.recorded.log,
      idSecret: 'secret',
    });
    const stop = new AbortController();
    const running = notifier.run(stop.signal);
    this.#stops.push(async () => {
      stop.abort();
      await running;
    });
    return notifier;
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) await stop();
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1_000) await this.clock.pass(1_000);
  }

  get subjects(): string[] {
    return this.published.map(({ body }) => (JSON.parse(body) as { subject: string }).subject);
  }
}

const test = suite<{ scene: Scene }>('notifier');
test.before.each(context => {
  context.scene = new Scene();
});
test.after.each(async ({ scene }) => {
  await scene.stop();
  assert.is(scene.clock.sleeping, 0);
});

test('what is added goes out when it is due, as an event', async ({ scene }) => {
  const notifier = scene.start();
  assert.is(await notifier.add([down('clowder', scene.clock.now())]), 0);
  await scene.pass(2_000);
  assert.equal(scene.subjects, []);
  await scene.pass(2_000);
  assert.equal(scene.subjects, ['clowder is down']);
  const [message] = scene.published;
  assert.is(message?.source, 'notification');
  assert.is(scene.recorded.lines.filter(({ line }) => line === 'notification.made').length, 1);
});

test('what is gathered when the daemon ends goes out after its next start', async ({ scene }) => {
  const event = down('clowder', scene.clock.now());
  await scene.start().add([event]);
  await scene.stop();
  const notifier = scene.start();
  assert.is(await notifier.add([event]), 1);
  await scene.pass(5_000);
  assert.equal(scene.subjects, ['clowder is down']);
  await notifier.add([up('clowder', scene.clock.now())]);
  await scene.pass(1_000);
  assert.is(scene.subjects.length, 2);
});

test('what cannot be kept is not taken, and is taken when it comes again', async ({ scene }) => {
  const notifier = scene.start();
  const event = down('clowder', scene.clock.now());
  scene.fails = { put: true };
  const failed = await notifier.add([event]).then(
    () => false,
    () => true,
  );
  assert.ok(failed);
  await scene.pass(10_000);
  assert.equal(scene.subjects, []);
  scene.fails = {};
  assert.is(await notifier.add([event]), 0);
  await scene.pass(5_000);
  assert.equal(scene.subjects, ['clowder is down']);
});

for (const kept of ['{"state":', '{"state":{"version":2},"pending":[]}']) {
  test(`what was kept and cannot be read is forgotten: ${kept}`, async ({ scene }) => {
    scene.memory.entries.set('state', kept);
    await scene.start().add([down('clowder', scene.clock.now())]);
    await scene.pass(5_000);
    assert.equal(scene.subjects, ['clowder is down']);
    assert.is(scene.recorded.lines.filter(({ line }) => line === 'notifications.forgotten').length, 1);
  });
}

test('what the broker does not take waits, over a restart too, under the same id', async ({ scene }) => {
  await scene.start().add([down('clowder', scene.clock.now())]);
  scene.fails = { publish: true };
  await scene.pass(10_000);
  assert.equal(scene.subjects, []);
  assert.ok(scene.recorded.lines.some(({ line }) => line === 'notifications.delayed'));
  await scene.stop();
  scene.fails = { afterPublish: true };
  scene.start();
  await scene.pass(3_000);
  scene.fails = {};
  await scene.pass(3_000);
  assert.ok(scene.published.length >= 2);
  assert.is(new Set(scene.published.map(({ id }) => id)).size, 1);
  const sent = scene.published.length;
  await scene.pass(120_000);
  assert.is(scene.published.length, sent);
});

test.run();
