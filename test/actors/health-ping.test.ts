import { dispatch } from 'nact';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask, startRoot, stopTree } from '../../actors/actor.js';
import type { Family } from '../../actors/health-family.js';
import { spawnHealthPing } from '../../actors/health-ping.js';
import type { Actor, HealthPingMessage } from '../../actors/protocol.js';
import type { OutageCost } from '../../src/availability/cost.js';
import type { Durability } from '../../src/broker/broker.js';
import { systemClock } from '../../src/clock.js';
import { TransientError } from '../../src/errors.js';
import type { Message } from '../../src/events/message.js';
import type { Outcome, Run } from '../../src/health/sample.js';
import { silentLog } from '../../src/log.js';
import { StatusBoard } from '../../src/status/board.js';
import type { KeepAvailabilityArguments } from '../../src/storage/availability.js';
import type { Checkpoints } from '../../src/storage/storage.js';
import { escalate } from '../../supervisors/restart.js';
import { hastyClock } from '../helpers/clock.js';
import { targetOf } from '../helpers/health.js';
import { until } from '../helpers/wait.js';

const path = 'clowder';
const good: Outcome = { sent: 1, good: 1, times: undefined, readings: { status: 200 }, reason: undefined };
const bad: Outcome = { sent: 1, good: 0, times: undefined, readings: {}, reason: 'refused by ann:hunter22' };

/** Durable things in memory, in the order in which they became so. */
class World {
  readonly journal: string[] = [];
  readonly published: Message[] = [];
  readonly kept = new Map<string, string>();
  readonly board = new StatusBoard(systemClock);
  family: Family = { parents: () => [], dependents: () => [] };
  outcome: Outcome | Error = good;
  cost: OutageCost | Error | undefined;
  readonly costsAsked: { readonly from: number; readonly until: number }[] = [];
  runMs = 0;
  running = 0;
  mostRunning = 0;
  runs = 0;
  publishFails = false;
  checkpointsFail = false;
  root = startRoot();
  actor!: Actor<HealthPingMessage>;

  readonly checkpoints: Checkpoints = {
    get: async key => {
      const value = this.kept.get(key);
      return value === undefined ? undefined : JSON.parse(value);
    },
    put: async (key, value) => {
      if (this.checkpointsFail) throw new TransientError('disk full');
      this.kept.set(key, JSON.stringify(value));
      this.journal.push(`saved ${(value as { told: string }).told}`);
    },
  };

  readonly run: Run = async signal => {
    this.runs += 1;
    this.running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    await systemClock.sleep(this.runMs, signal);
    this.running -= 1;
    if (this.outcome instanceof Error) throw this.outcome;
    return this.outcome;
  };

  readonly seen: KeepAvailabilityArguments[] = [];

  readonly publish = async (messages: readonly Message[]): Promise<Durability> => {
    if (this.publishFails) throw new TransientError('the disk is full');
    this.published.push(...messages);
    for (const { body } of messages) {
      const { category, type } = JSON.parse(body);
      if (category === 'service_status') this.journal.push(`published ${type}`);
    }
    return 'embedded';
  };

  start(more: object = {}): this {
    const url = 'https://ann:hunter22@clowder.example.org/';
    this.actor = spawnHealthPing(this.root, {
      idSecret: 'id-secret-of-tests',
      target: { ...targetOf({ name: 'clowder', url, interval: 1, ...more }), intervalMs: 20, timeoutMs: 20 },
      run: this.run,
      publish: this.publish,
      checkpoints: this.checkpoints,
      nextFlush: async () => {},
      costOf: async outage => {
        this.costsAsked.push(outage);
        if (this.cost instanceof Error) throw this.cost;
        return this.cost;
      },
      family: this.family,
      keep: async seen => {
        this.seen.push(seen);
      },
      clock: hastyClock(20),
      board: this.board,
      log: silentLog,
      onCrash: escalate,
      ...{ delayMs: 0, apartMs: 1_000 },
    });
    return this;
  }

  async close(): Promise<void> {
    await ask<void>(reply => dispatch(this.actor, { type: 'close', reply }));
  }

  /** As kill -9 does: nothing is saved, nothing is closed. A new system goes on from what was kept. */
  async restart(more: object = {}): Promise<void> {
    const kept = new Map(this.kept);
    await this.close();
    await stopTree(this.root);
    this.kept.clear();
    for (const [key, value] of kept) this.kept.set(key, value);
    this.root = startRoot();
    this.start(more);
  }

  events(category: string) {
    return this.published.map(({ body }) => JSON.parse(body)).filter(event => event.category === category);
  }
}

const test = suite<{ world: World }>('health actor');
test.before.each(context => {
  context.world = new World();
});
test.after.each(async ({ world }) => {
  await world.close();
  await stopTree(world.root);
});

test('each run is an event, and the board shows the last', async ({ world }) => {
  world.start();
  await until(() => world.events('health').length >= 3, 'three events');
  const [event] = world.events('health');
  assert.equal([event.type, event.service_name, event.healthy, event.status], ['http', 'clowder', true, 200]);
  const { state, detail } = world.board.get(path) ?? {};
  assert.equal([state, detail?.status, detail?.found, detail?.http_status], ['running', 'up', 'up', 200]);
});

test('runs of a slow target neither overlap nor pile up', async ({ world }) => {
  world.runMs = 70;
  world.start();
  await until(() => world.events('health').length >= 4, 'four events');
  assert.is(world.mostRunning, 1);
  assert.ok(Number(world.board.get(path)?.detail.skipped) >= 3);
});

test('a change is saved before it is published', async ({ world }) => {
  world.start();
  await until(() => world.runs >= 2, 'two runs');
  world.outcome = bad;
  await until(() => world.events('service_status').length === 1, 'the outage');
  world.outcome = good;
  await until(() => world.events('service_status').length === 2, 'the recovery');
  await world.close();
  const [down, up] = world.events('service_status');
  assert.equal([down.type, up.type], ['down', 'up']);
  assert.ok(up.outage_seconds > 0);
  const { journal } = world;
  for (const state of ['down', 'up'])
    assert.ok(journal.indexOf(`saved ${state}`) < journal.indexOf(`published ${state}`), journal.join());
  const kept = JSON.parse(world.kept.get('health/clowder') ?? '');
  assert.equal([kept.told, kept.pending], ['up', []]);
});

test('the end of an outage says what it cost; without an outage nobody asks', async ({ world }) => {
  const none = { counted: 0, expected: undefined };
  const requests = { counted: 16, expected: { mean: 105.25, min: 60, max: 150 } };
  const span = { from: 1_000, until: 2_000 };
  world.cost = { ...span, requests, visitors: undefined, downloads: none, failedUploads: none, weeks: 4, leftOut: [] };
  world.start();
  await until(() => world.runs >= 3, 'three runs');
  assert.equal(world.costsAsked, []);
  world.outcome = bad;
  await until(() => world.events('service_status').length === 1, 'the outage');
  world.outcome = good;
  await until(() => world.events('service_status').length === 2, 'the recovery');
  const [, up] = world.events('service_status');
  assert.equal(
    [up.outage_requests, up.expected_requests, up.expected_requests_min, up.expected_requests_max, up.expected_weeks],
    [16, 105.3, 60, 150, 4],
  );
  assert.equal([up.outage_downloads, up.expected_downloads, up.outage_visitors], [0, undefined, undefined]);
  assert.equal(world.costsAsked.at(-1), { from: up.from, until: up.until });
});

test('a recovery is announced also when nobody can say what the outage cost', async ({ world }) => {
  world.cost = new Error('the disk is away');
  world.outcome = bad;
  world.start();
  await until(() => world.events('service_status').length === 1, 'the outage');
  world.outcome = good;
  await until(() => world.events('service_status').length === 2, 'the recovery');
  const [, up] = world.events('service_status');
  assert.equal([up.type, up.outage_requests], ['up', undefined]);
});

test('a restart goes on where the daemon stopped', async ({ world }) => {
  world.outcome = bad;
  world.start();
  await until(() => world.events('service_status').length === 1, 'the outage');
  await until(() => world.kept.size > 0, 'a checkpoint');
  await world.restart();
  const runs = world.runs;
  await until(() => world.runs > runs + 3, 'runs after it');
  world.outcome = good;
  await until(() => world.events('service_status').some(({ type }) => type === 'up'), 'the recovery');
  const ids = new Set(world.published.map(({ id }) => id));
  const kinds = [...ids].map(id => JSON.parse(world.published.find(one => one.id === id)?.body ?? '').type);
  assert.is(kinds.filter(kind => kind === 'down').length, 1, 'one outage, however often it was published');
});

test('a change that could not be published before a crash is published after it, under its id', async ({ world }) => {
  world.outcome = bad;
  world.publishFails = true;
  world.start();
  await until(() => world.board.get(path)?.state === 'holding', 'held events');
  await until(() => world.journal.includes('saved down'), 'the change saved');
  const [pending] = JSON.parse(world.kept.get('health/clowder') ?? '').pending;
  await world.restart();
  world.publishFails = false;
  await until(() => world.events('service_status').length === 1, 'the outage');
  assert.ok(world.published.some(({ id, body }) => id === pending.id && body === pending.body));
});

test('what cannot be published waits, and the board says so', async ({ world }) => {
  world.publishFails = true;
  world.start();
  await until(() => world.board.get(path)?.state === 'holding', 'held events');
  assert.match(world.board.get(path)?.lastError?.message ?? '', 'the disk is full');
  await until(() => world.runs >= 4, 'runs that go on');
  world.publishFails = false;
  await until(() => world.events('health').length >= 4, 'all events');
  await until(() => world.board.get(path)?.state === 'running', 'a running actor');
  const created = world.events('health').map(event => event.created);
  assert.equal(created, [...created].sort());
});

test('without checkpoints the changes are announced all the same', async ({ world }) => {
  world.checkpointsFail = true;
  world.outcome = bad;
  world.start();
  await until(() => world.events('service_status').length === 1, 'the outage');
  assert.is(world.events('service_status')[0].type, 'down');
});

test('a check that itself fails says nothing about the service, and the next one is made', async ({ world }) => {
  world.outcome = new TypeError('a defect');
  world.start();
  await until(() => world.runs >= 3, 'three runs');
  assert.equal(world.published, []);
  const { found, reason } = world.board.all()[0]?.detail ?? {};
  assert.equal([found, reason], ['unknown', 'not checked: a defect']);
});

test('no secret of an address is in an event or on the board', async ({ world }) => {
  world.outcome = bad;
  world.start();
  await until(() => world.events('service_status').length === 1, 'the outage');
  const shown = JSON.stringify([world.published, [...world.kept.values()], world.board.all()]);
  assert.not.match(shown, 'hunter22');
  assert.match(shown, 'refused by ann:[hidden]');
});

test('a declaration is kept before it is answered, one that comes early too', async ({ world }) => {
  world.start();
  const at = Date.now();
  const window = { from: at, until: undefined, message: undefined };
  const declaration = { service: 'clowder', status: 'maintenance', at, id: 'said', by: undefined, window };
  await ask<void>(reply => dispatch(world.actor, { type: 'declared', declaration, reply }));
  assert.equal(JSON.parse(world.kept.get('health/clowder') ?? '').declared, [{ id: 'said', from: at, until: null }]);
  world.outcome = bad;
  const runs = world.runs;
  await until(() => world.runs > runs + 3, 'failed runs');
  assert.equal(world.events('service_status'), []);
  assert.is(world.board.get(path)?.detail.status, 'maintenance');
});

test('closing ends a run that is under way and saves the state', async ({ world }) => {
  world.runMs = 60_000;
  world.start();
  await until(() => world.running === 1, 'a run');
  await world.close();
  assert.ok(world.kept.has('health/clowder'));
  assert.is(world.board.get(path)?.state, 'stopped');
  await until(() => world.running === 0, 'the run to end');
});

test.run();
