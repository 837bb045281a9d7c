import { dispatch } from 'nact';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, startRoot, stopTree } from '../../actors/actor.js';
import { spawnHealthPing } from '../../actors/health-ping.js';
import type { Actor, HealthPingMessage } from '../../actors/protocol.js';
import { systemClock } from '../../src/clock.js';
import type { Outcome } from '../../src/health/sample.js';
import { silentLog } from '../../src/log.js';
import { StatusBoard } from '../../src/status/board.js';
import { escalate } from '../../supervisors/restart.js';
import { parsed } from '../helpers/health.js';
import { until as untilWithin } from '../helpers/wait.js';

/** On a busy machine. */
const until: typeof untilWithin = (condition, what) => untilWithin(condition, what, 30_000);

const common = { sent: 1, times: undefined, readings: {} };
const good: Outcome = { ...common, good: 1, reason: undefined };
const bad: Outcome = { ...common, good: 0, reason: 'connection timed out' };

interface Announced {
  readonly service_name: string;
  readonly type: string;
  readonly previous_state?: string;
  readonly caused_by?: string;
  readonly maintenance?: boolean;
  readonly message?: string;
}

/** Targets of one network, whose probes find what `down` says. */
class Network {
  readonly down = new Set<string>();
  readonly announced: Announced[] = [];
  readonly runs = new Map<string, number>();
  readonly root = startRoot();
  readonly #actors = new Map<string, Actor<HealthPingMessage>>();

  constructor(written: readonly string[], intervalMs: (name: string) => number) {
    const { targets, problems } = parsed(written);
    assert.equal(problems, []);
    const board = new StatusBoard(systemClock);
    const actorsOf = (names: readonly string[]) => names.flatMap(name => this.#actors.get(name) ?? []);
    for (const target of targets) {
      const { name, dependsOn } = target;
      const dependents = targets.filter(one => one.dependsOn.includes(name)).map(one => one.name);
      const actor = spawnHealthPing(this.root, {
        target: { ...target, intervalMs: intervalMs(name), threshold: { down: 2, up: 2 } },
        idSecret: 'id-secret-of-tests',
        run: async () => {
          this.runs.set(name, (this.runs.get(name) ?? 0) + 1);
          return this.down.has(name) ? bad : good;
        },
        publish: async messages => {
          for (const { body } of messages) {
            const event = JSON.parse(body);
            if (event.category === 'service_status') this.announced.push(event);
          }
          return 'embedded';
        },
        checkpoints: { get: async () => undefined, put: async () => {} },
        keep: async () => {},
        costOf: async () => undefined,
        nextFlush: async () => {},
        clock: systemClock,
        ...{ delayMs: 0, apartMs: 1_000 },
        family: { parents: () => actorsOf(dependsOn), dependents: () => actorsOf(dependents) },
        board,
        log: silentLog,
        onCrash: escalate,
      });
      this.#actors.set(name, actor);
    }
  }

  runsOf(name: string): number {
    return this.runs.get(name) ?? 0;
  }

  /** With a `service_status` event, from now on. */
  declare(name: string, status: string): Promise<void> {
    const window = { from: Date.now(), until: undefined, message: undefined };
    const declaration = { service: name, status, at: Date.now(), id: 'said', by: undefined, window };
    const actor = this.#actors.get(name) as Actor<HealthPingMessage>;
    return ask<void>(reply => dispatch(actor, { type: 'declared', declaration, reply }));
  }

  of(name: string): Announced[] {
    return this.announced.filter(({ service_name }) => service_name === name);
  }

  /** Until each has run so often, and is known. */
  ran(times: number): Promise<true> {
    return until(() => [...this.#actors.keys()].every(name => this.runsOf(name) >= times) || undefined, 'runs');
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#actors.values()].map(actor => ask<void>(reply => dispatch(actor, { type: 'close', reply }))),
    );
    await stopTree(this.root);
  }
}

const test = suite<{ network: Network }>('families of targets');
test.after.each(({ network }) => network.close());

const often = () => 20;

test('what falls with a switch is unknown, once each, and nothing but the switch is down', async context => {
  const names = Array.from({ length: 40 }, (_, index) => `service-${index}`);
  const network = new Network(
    ['switch=ping:switch', ...names.map(name => `${name}=tcp://h:1 depends_on=switch`)],
    often,
  );
  context.network = network;
  await network.ran(3);
  for (const name of ['switch', ...names]) network.down.add(name);
  await until(() => names.every(name => network.of(name).length === 1), 'what is unknown');
  await network.ran(30);
  assert.equal(
    network.of('switch').map(({ type }) => type),
    ['down'],
  );
  for (const name of names) {
    const [{ type, previous_state, caused_by, message } = {}, ...more] = network.of(name);
    assert.equal([type, previous_state, caused_by, more], ['unknown', 'up', 'switch', []]);
    assert.is(message, 'cannot be known: switch is down (here: connection timed out)');
  }
  network.down.clear();
  await until(() => names.every(name => network.of(name).length === 2), 'what is known again');
  for (const name of ['switch', ...names]) assert.is(network.of(name).at(-1)?.type, 'up', name);
  assert.is(network.announced.length, 82);
  // What fell together comes back together, and the one that it hung from comes first.
  const back = network.announced.filter(({ type }) => type === 'up').map(({ service_name }) => service_name);
  assert.is(back[0], 'switch');
});

test('what hangs from a switch that is being worked on cannot be known, in those words, and is up once it answers', async context => {
  const network = new Network(['switch=ping:switch', 'web=tcp://h:1 depends_on=switch', 'db=tcp://h:1'], often);
  context.network = network;
  await network.ran(3);
  await network.declare('switch', 'maintenance');
  for (const name of ['switch', 'web']) network.down.add(name);
  await until(() => network.of('web').length === 1, 'what is unknown');
  const [{ type, caused_by, maintenance, message } = {}] = network.of('web');
  assert.equal([type, caused_by, maintenance], ['unknown', 'switch', true]);
  assert.is(message, 'cannot be known: switch is being worked on (here: connection timed out)');
  network.down.delete('web');
  await until(() => network.of('web').length === 2, 'web, which answers');
  assert.is(network.of('web')[1]?.type, 'up');
  assert.equal(network.of('switch'), []);
});

test('the one at the bottom is named, and one that fails by itself is down', async context => {
  const network = new Network(
    [
      'power=tcp://h:1',
      'rack=tcp://h:1 depends_on=power',
      'web=tcp://h:1 depends_on=rack',
      'mail=tcp://h:1 depends_on=rack',
    ],
    often,
  );
  context.network = network;
  await network.ran(3);
  network.down.add('mail');
  await until(() => network.of('mail').length === 1, 'the outage of mail');
  assert.is(network.of('mail')[0]?.type, 'down');
  for (const name of ['power', 'rack', 'web']) network.down.add(name);
  await until(() => network.of('web').length === 1 && network.of('rack').length === 1, 'the rest');
  assert.equal([network.of('rack')[0]?.caused_by, network.of('web')[0]?.caused_by], ['power', 'power']);
  // What answers is up, whatever else is down.
  network.down.delete('web');
  await until(() => network.of('web').length === 2, 'web, which answers');
  assert.is(network.of('web')[1]?.type, 'up');
});

test('a parent with a long interval is asked, and when it is back nobody waits for a tick', async context => {
  const network = new Network(['switch=ping:switch recheck=1', 'web=tcp://h:1 depends_on=switch'], name =>
    name === 'web' ? 20 : 3_600_000,
  );
  context.network = network;
  await network.ran(1);
  await until(() => network.runsOf('web') > 3, 'a few runs');
  assert.is(network.runsOf('switch'), 1);
  network.down.add('switch').add('web');
  await until(() => network.of('web').length === 1, 'what is unknown');
  assert.equal(
    network.announced.map(({ service_name, type }) => [service_name, type]),
    [
      ['switch', 'down'],
      ['web', 'unknown'],
    ],
  );
  // An outage that is known is not looked at again for each that asks.
  const asked = network.runsOf('switch');
  const before = network.runsOf('web');
  await until(() => network.runsOf('web') > before + 5, 'more runs');
  assert.is(network.runsOf('switch'), asked);
});

test.run();
