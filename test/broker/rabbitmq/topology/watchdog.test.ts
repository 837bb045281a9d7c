import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Topology } from '../../../../src/broker/rabbitmq/topology/topology.js';
import { Watchdog } from '../../../../src/broker/rabbitmq/topology/watchdog.js';
import { settled } from '../../../helpers/manual-clock.js';
import { FakeConnection } from '../fake-connection.js';

class Scene extends FakeConnection {
  /** What the topology was asked, and what was reported. */
  readonly calls: string[] = [];
  readonly watchdog = new Watchdog({
    connection: this.connection,
    topology: {
      check: async () => void this.calls.push('check'),
      invalidate: () => void this.calls.push('invalidate'),
    } as unknown as Topology,
    clock: this.clock,
    onChecked: () => void this.calls.push('checked'),
  });

  /** The calls of this time, in ms. */
  async pass(ms: number): Promise<string[]> {
    const before = this.calls.length;
    await this.clock.pass(ms);
    // One sleep follows the other.
    await settled();
    return this.calls.slice(before);
  }
}

const test = suite<{ scene: Scene }>('watchdog');
test.before.each(context => {
  context.scene = new Scene();
});
test.after.each(async ({ scene }) => {
  await scene.watchdog.close();
  await scene.connection.close();
});

test('nothing is checked before there is a connection; then at once, and every second', async ({ scene }) => {
  scene.watchdog.open();
  assert.equal(await scene.pass(5_000), []);
  await scene.connection.open();
  await scene.watchdog.firstCheck;
  assert.equal(scene.calls, ['check', 'checked']);
  for (let second = 0; second < 3; second += 1) {
    await scene.pass(50);
    assert.equal(await scene.pass(949), []);
    assert.equal(await scene.pass(1), ['check', 'checked']);
  }
});

test('what is found missing is checked for at once, and not more than every 50 ms', async ({ scene }) => {
  await scene.connection.open();
  scene.watchdog.open();
  await scene.watchdog.firstCheck;
  scene.watchdog.checkNow();
  assert.equal(await scene.pass(49), []);
  assert.equal(await scene.pass(1), ['check', 'checked']);
  await scene.pass(500);
  scene.watchdog.checkNow();
  assert.equal(await scene.pass(0), ['check', 'checked']);
  assert.is(scene.calls.filter(call => call === 'invalidate').length, 2);
});

test('without a connection it waits for the next one, and it ends when it is closed', async ({ scene }) => {
  await scene.connection.open();
  scene.watchdog.open();
  await scene.watchdog.firstCheck;
  scene.server.reachable = false;
  scene.server.cut();
  assert.equal(await scene.pass(50), []);
  assert.equal(await scene.pass(5_000), []);
  await scene.watchdog.close();
  scene.server.reachable = true;
  assert.equal(await scene.pass(60_000), []);
});

test.run();
