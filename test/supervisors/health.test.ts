import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Parent, spawnActor, startRoot, stopTree } from '../../actors/actor.js';
import type { PublisherMessage } from '../../actors/protocol.js';
import type { Broker } from '../../src/broker/broker.js';
import { type Clock, systemClock } from '../../src/clock.js';
import type { Target } from '../../src/health/target.js';
import { silentLog } from '../../src/log.js';
import { StatusBoard } from '../../src/status/board.js';
import type { Storage } from '../../src/storage/storage.js';
import { startHealth } from '../../supervisors/health.js';
import { escalate } from '../../supervisors/restart.js';
import type { Source, SourcesConfig } from '../../supervisors/source.js';
import { parsed } from '../helpers/health.js';
import { until } from '../helpers/wait.js';

const intervalMs = 4_000;
const count = 120;
const never = new AbortController().signal;
const storage = {
  checkpoints: { get: async () => undefined, put: async () => {} },
  read: async () => undefined,
  write: async () => undefined,
} as unknown as Storage;

function targetsOf(threshold: number): readonly Target[] {
  const names = Array.from({ length: count }, (_, index) => `service-${index}`);
  const written = names.map(name => ({ name, url: 'tcp://127.0.0.1:9', threshold }));
  return parsed(written, { intervalMs, timeoutMs: 1_000 }).targets;
}

function configOf(targets: readonly Target[]): SourcesConfig {
  const health = { targets, defaults: { intervalMs, timeoutMs: 1_000 }, statusPage: false, zone: 'UTC' };
  return { health, proxies: { http: undefined, https: undefined, exceptions: [] } } as unknown as SourcesConfig;
}

/** Targets that wait for their first checks, which never come: time stands still. */
class Scene {
  /** Until the first checks, ms. */
  waits: number[] = [];
  readonly #root: Parent = startRoot();
  readonly #health: Source;
  #close = async (): Promise<void> => {};
  readonly #clock: Clock = {
    now: systemClock.now,
    monotonic: () => 0,
    sleep: async (ms, signal) => {
      if (signal?.aborted) return;
      // Others sleep longer.
      if (ms <= intervalMs) this.waits.push(ms);
      await new Promise<void>(resolve => signal?.addEventListener('abort', () => resolve(), { once: true }));
    },
  };

  constructor(targets: readonly Target[]) {
    const root = this.#root;
    const board = new StatusBoard(systemClock);
    const tools = { board, log: silentLog, onCrash: escalate };
    const publisher = spawnActor<PublisherMessage>(root, 'publisher', tools, () => ({ handle: () => {} }));
    this.#health = startHealth(root, tools, {
      ...{ root, board, clock: this.#clock, log: silentLog, onFailure: () => {}, giveUp: never },
      ...{ config: configOf(targets), idSecret: 'id-secret-of-tests', broker: {} as Broker, publisher, storage },
      onStop: (_name, run) => {
        this.#close = () => run(1_000);
      },
    });
  }

  async waiting(targets: number): Promise<readonly number[]> {
    await until(() => this.waits.length >= targets, `${targets} targets to wait`);
    return this.waits;
  }

  reload(targets: readonly Target[]): Promise<readonly string[]> {
    this.waits = [];
    return this.#health.reload(configOf(targets), never);
  }

  async stop(): Promise<void> {
    await this.#close();
    await stopTree(this.#root);
  }
}

/** How many wait for the same moment at most. */
function mostAtOnce(waits: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const ms of waits) counts.set(ms, (counts.get(ms) ?? 0) + 1);
  return Math.max(...counts.values());
}

const test = suite<{ scene: Scene }>('health supervisor');
test.before.each(context => {
  context.scene = new Scene(targetsOf(2));
});
test.after.each(({ scene }) => scene.stop());

test('the first checks are spread over the interval, at the start and after a reload that changes all', async ({
  scene,
}) => {
  const first = await scene.waiting(count);
  assert.ok(mostAtOnce(first) <= 8, `${mostAtOnce(first)} at once`);
  assert.is((await scene.reload(targetsOf(3))).length, count);
  const again = await scene.waiting(count);
  assert.ok(mostAtOnce(again) <= 8, `${mostAtOnce(again)} at once`);
});

test('one target that a reload changes is checked at once, and the others wait as before', async ({ scene }) => {
  await scene.waiting(count);
  const changed = await scene.reload([...targetsOf(2).slice(0, -1), ...targetsOf(3).slice(-1)]);
  assert.equal(changed, [`ingress/health/service-${count - 1}`]);
  assert.equal(await scene.waiting(1), [0]);
});

test.run();
