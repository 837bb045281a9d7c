import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Message } from '../../src/events/message.js';
import { HeartbeatListener } from '../../src/extractors/heartbeats.js';
import type { Checkpoints } from '../../src/storage/storage.js';
import { arriving, FakeServer } from '../broker/rabbitmq/fake-channel.js';
import { ManualClock, settled } from '../helpers/manual-clock.js';
import { recordingLog } from '../helpers/recording-log.js';
import { until } from '../helpers/wait.js';

class Scene {
  readonly server = new FakeServer();
  readonly clock = new ManualClock();
  readonly recorded = recordingLog();
  readonly published: Message[] = [];
  readonly saved = new Map<string, unknown>();
  readonly states: string[] = [];
  fault: Error | undefined;
  listener = this.#create();

  /** A listener as the next process would have it. */
  async again(): Promise<void> {
    await this.listener.close();
    this.listener = this.#create();
    await this.listening();
  }

  async listening(): Promise<void> {
    const before = this.states.filter(state => state === 'heard').length;
    this.listener.open();
    await until(() => this.states.filter(state => state === 'heard').length > before, 'a listener');
    await settled();
  }

  async beat(content: object | string): Promise<void> {
    const body = typeof content === 'string' ? content : JSON.stringify(content);
    this.server.channels.findLast(({ closed }) => !closed)?.consumer(arriving(1, body));
    await settled();
  }

  /** Categories, types and names of what was published. */
  get events() {
    return this.published.map(({ body }) => {
      const { category, type, extractor_name, extractor_version } = JSON.parse(body);
      return [category, type, extractor_name, extractor_version];
    });
  }

  #create(): HeartbeatListener {
    const options = {
      nodes: ['amqp://127.0.0.1'],
      connect: this.server.connect,
      publish: async (messages: readonly Message[]) => {
        if (this.fault !== undefined) throw this.fault;
        this.published.push(...messages);
        return 'embedded' as const;
      },
      checkpoints: {
        get: async (key: string) => this.saved.get(key),
        put: async (key: string, value: unknown) => void this.saved.set(key, JSON.parse(JSON.stringify(value))),
      } as unknown as Checkpoints,
      clock: this.clock,
      log: this.recorded.log,
      onHeard: () => void this.states.push('heard'),
      onUnheard: (reason: string) => void this.states.push(reason),
    };
    return new HeartbeatListener(options);
  }
}

const test = suite<{ scene: Scene }>('heartbeats');
test.before.each(context => {
  context.scene = new Scene();
});
test.after.each(async ({ scene }) => {
  await scene.listener.close();
  assert.is(scene.clock.sleeping, 0);
});

const beat = { queue: 'wordcount', id: 'p1', extractor_info: { name: 'wordcount', version: '1' } };

test('one event when an extractor appears, none for the beats after it, and one when it falls silent', async ({
  scene,
}) => {
  await scene.listening();
  for (let beats = 0; beats < 5; beats += 1) {
    await scene.beat(beat);
    await scene.clock.pass(5_000);
  }
  assert.equal(scene.events, [['extractor_heartbeat', 'appeared', 'wordcount', '1']]);
  await until(async () => {
    await scene.clock.pass(60_000);
    return scene.events.length > 1;
  }, 'silence');
  assert.equal(scene.events[1], ['extractor_heartbeat', 'silent', 'wordcount', '1']);
});

test('what is not a heartbeat is passed over', async ({ scene }) => {
  await scene.listening();
  for (const other of ['', 'null', '{', '{"extractor_info":{}}', '{"extractor_info":{"name":7}}', '[]'])
    await scene.beat(other);
  await scene.beat({ extractor_info: { name: 'x'.repeat(257) } });
  assert.equal(scene.events, []);
});

test('who is known is known after a restart too', async ({ scene }) => {
  await scene.listening();
  await scene.beat(beat);
  await scene.again();
  await scene.beat(beat);
  assert.is(scene.events.length, 1);
});

test('a change that cannot be published is published later, and stored only then', async ({ scene }) => {
  await scene.listening();
  scene.fault = new Error('the disk is full');
  await scene.beat(beat);
  assert.is(scene.saved.size, 0);
  scene.fault = undefined;
  await scene.clock.pass(10_000);
  assert.is(scene.events.length, 1);
  assert.is(scene.saved.size, 1);
  assert.ok(scene.recorded.lines.some(({ line }) => line === 'heartbeat.delayed'));
});

test('where another daemon listens it says so once, and tries again every fifteen seconds', async ({ scene }) => {
  let tries = 0;
  scene.server.refuse = operation => {
    if (operation === 'configure') tries += 1;
    return operation === 'configure' ? [405, 'RESOURCE_LOCKED'] : undefined;
  };
  scene.listener.open();
  await until(() => scene.states.length === 1, 'a refusal');
  assert.equal(scene.states, ['another daemon listens to the heartbeats']);
  await settled();
  await scene.clock.pass(14_999);
  assert.is(tries, 1);
  await scene.clock.pass(1);
  await until(() => scene.states.length === 2, 'another refusal');
  assert.is(tries, 2);
  assert.is(scene.recorded.lines.filter(({ line }) => line === 'heartbeats.unheard').length, 1);
  scene.server.refuse = () => undefined;
  await settled();
  await scene.clock.pass(15_000);
  await until(() => scene.states.at(-1) === 'heard', 'a listener');
});

test('without the exchange of the extractors it says who makes it', async ({ scene }) => {
  scene.server.refuse = operation => (operation === 'bind' ? [404, 'NOT_FOUND'] : undefined);
  scene.listener.open();
  await until(() => scene.states.length === 1, 'a refusal');
  assert.match(scene.states[0] ?? '', 'there is no exchange called extractors yet');
});

test.run();
