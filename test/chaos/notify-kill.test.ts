// timeout: 300 s
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { startExim } from '../helpers/servers/exim.js';
import { required } from '../helpers/skip.js';
import { SwitchedNetwork } from '../helpers/switched-network.js';
import { until } from '../helpers/wait.js';

const exim = required('exim', await startExim());
test.after(() => exim.stop());

/** By hand: `npm run proof -- notify`, fifty of them. */
const rounds = Number(process.env.NOTIFY_ROUNDS ?? 1);

/** Numbers that look random and are the same in every run. */
let state = 11;
function roll(sides: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * sides);
}

test(`${rounds} outages of a switch with 40 services behind it, a kill at any moment of each: every one is reported once, and so is its end`, async () => {
  const scene = await SwitchedNetwork.start(exim, { NOTIFY_GROUP_WAIT_SECONDS: '1', NOTIFY_GROUP_MAX_SECONDS: '5' });
  const { receiver, daemon } = scene;
  try {
    for (let round = 1; round <= rounds; round += 1) {
      for (const mode of ['refuse', 'pass'] as const) {
        await scene.turn(mode);
        // Before anybody knows, while the services follow, while it is gathered, while it is sent, or after all that.
        await sleep(roll(6_000));
        await scene.killAndStart();
        await scene.all(mode === 'pass' ? 'up' : 'down');
        const wanted = mode === 'pass' ? round * 2 : round * 2 - 1;
        await until(
          () => [...scene.reported.values()].every(states => states.length >= wanted),
          `services that are reported ${wanted} times`,
          60_000,
        );
      }
    }
    await daemon.drained();
    const expected = (down: string) => Array.from({ length: rounds }, () => [down, 'up']).flat();
    for (const [name, states] of scene.reported)
      assert.equal(states, expected(name === 'switch' ? 'down' : 'unknown'), name);
    assert.equal(receiver.violations, []);
    // Each of them is a mail, which is there once by its id, and is in Slack.
    const subjects = receiver.bodies.map(({ subject }) => subject).sort();
    assert.equal([...(await scene.mails()).values()].sort(), subjects);
    assert.is(scene.texts.length, receiver.bodies.length);
    const { sinks } = await daemon.json('/v1/ledger');
    for (const { sink, difference } of sinks) assert.is(difference, 0, sink);
  } finally {
    await scene.stop();
  }
});

test.run();
