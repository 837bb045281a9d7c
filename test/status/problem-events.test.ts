import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Message } from '../../src/events/message.js';
import { ProblemEvents } from '../../src/status/problem-events.js';
import { ManualClock } from '../helpers/manual-clock.js';
import { recordingLog } from '../helpers/recording-log.js';
import { rememberingMemory } from '../helpers/sink-session.js';

class Scene {
  readonly clock = new ManualClock();
  readonly published: Message[] = [];
  readonly recorded = recordingLog();
  readonly memory = rememberingMemory();
  fails = false;
  isUnjudged = (_key: string): boolean => false;
  events = this.restarted();

  restarted(): ProblemEvents {
    this.events = new ProblemEvents({
      keyValues: this.memory,
      publish: async messages => {
        if (this.fails) throw new Error('the broker is full');
        this.published.push(...messages);
      },
      clock: this.clock,
      log: this.recorded.log,
      idSecret: 'secret',
    });
    return this.events;
  }

  /** Looks every five seconds, as the monitor does. */
  async pass(ms: number, ...standing: readonly { readonly key: string; readonly since: number }[]): Promise<void> {
    for (let passed = 0; passed < ms; passed += 5_000) {
      await this.clock.pass(5_000);
      await this.events.report(
        standing.map(one => ({ what: `${one.key}.`, fix: 'Fix it.', ...one })),
        this.isUnjudged,
      );
    }
  }

  get types(): string[] {
    return this.published.map(({ body }) => {
      const { category, type, subject } = JSON.parse(body) as Record<string, string>;
      return `${category}.${type} ${subject}`;
    });
  }
}

const test = suite<{ scene: Scene }>('problem events');
test.before.each(context => {
  context.scene = new Scene();
});

test('a problem that lasts a minute is an event, and so is its end', async ({ scene }) => {
  await scene.pass(150_000);
  const problem = { key: 'dead mongodb', since: scene.clock.now() };
  await scene.pass(55_000, problem);
  assert.equal(scene.types, []);
  await scene.pass(60_000, problem);
  assert.equal(scene.types, ['problem.raised dead mongodb']);
  await scene.pass(5_000);
  assert.equal(scene.types, ['problem.raised dead mongodb', 'problem.resolved dead mongodb']);
  const {
    outage_seconds: seconds,
    from,
    until,
    severity,
  } = JSON.parse(scene.published[1]!.body) as Record<string, unknown>;
  assert.is(seconds, 120);
  assert.is(Number(until) - Number(from), 120_000);
  assert.is(severity, 'warning');
});

test('what is over sooner, and what is about a service, is none', async ({ scene }) => {
  await scene.pass(30_000, { key: 'broker', since: scene.clock.now() });
  await scene.pass(300_000, { key: 'service clowder', since: 0 });
  assert.equal(scene.types, []);
});

test('a restart ends nothing that is found again, and ends what is not', async ({ scene }) => {
  const kept = { key: 'dead mongodb', since: 1_000 };
  const gone = { key: 'orphan a', since: 1_000 };
  await scene.pass(10_000, kept, gone);
  assert.is(scene.types.length, 2);
  scene.restarted();
  await scene.pass(60_000);
  await scene.pass(55_000, kept);
  assert.is(scene.types.length, 2);
  await scene.pass(10_000, kept);
  assert.equal(scene.types.slice(2), ['problem.resolved orphan a']);
});

test('after a restart, what nobody can judge is not over: dead letters while RabbitMQ is away', async ({ scene }) => {
  const dead = { key: 'dead mongodb', since: 1_000 };
  await scene.pass(10_000, dead, { key: 'orphan a', since: 1_000 });
  scene.restarted();
  scene.isUnjudged = key => key === dead.key;
  await scene.pass(600_000);
  assert.equal(scene.types.slice(2), ['problem.resolved orphan a']);
  scene.isUnjudged = () => false;
  await scene.pass(5_000, dead);
  assert.is(scene.types.length, 3);
  await scene.pass(5_000);
  assert.equal(scene.types.slice(3), ['problem.resolved dead mongodb']);
});

test('what the broker does not take is made again, and is the same event', async ({ scene }) => {
  const problem = { key: 'ledger mongodb', since: 1_000 };
  scene.fails = true;
  await scene.pass(60_000, problem);
  assert.is(scene.recorded.lines.filter(({ line }) => line === 'problems.unpublished').length, 1);
  scene.fails = false;
  await scene.pass(5_000, problem);
  scene.memory.entries.clear();
  scene.restarted();
  await scene.pass(5_000, problem);
  assert.is(scene.published.length, 2);
  assert.is(new Set(scene.published.map(({ id }) => id)).size, 1);
});

test.run();
