// timeout: 300 s
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../helpers/daemon.js';
import { WebhookReceiver } from '../helpers/servers/webhook-receiver.js';
import { until } from '../helpers/wait.js';

/** By hand: `npm run proof -- notify`, fifty of them. */
const rounds = Number(process.env.NOTIFY_ROUNDS ?? 1);
const names = Array.from({ length: 40 }, (_, index) => `service-${index + 1}`);

/** Numbers that look random and are the same in every run. */
let state = 11;
function roll(sides: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * sides);
}

/** What was reported of each service, in order; the same message counts once. */
function reported(receiver: WebhookReceiver): Map<string, string[]> {
  const states = new Map<string, string[]>(names.map(name => [name, []]));
  for (const { changes } of receiver.bodies)
    for (const { service_name: name = '', state: reached } of changes) states.get(name)?.push(reached);
  return states;
}

test(`${rounds} outages of 40 services, a kill at any moment of each: every one is reported once, and so is its end`, async () => {
  const receiver = new WebhookReceiver();
  await receiver.server.start();
  const daemon = new TestDaemon({
    env: {
      NOTIFY_WEBHOOK_URL: `${receiver.server.origin}/hook`,
      NOTIFY_WEBHOOK_SECRET: receiver.secret,
      NOTIFY_GROUP_WAIT_SECONDS: '1',
      NOTIFY_GROUP_MAX_SECONDS: '2',
    },
  });
  try {
    await daemon.start();
    for (let round = 1; round <= rounds; round += 1) {
      for (const type of ['down', 'up']) {
        const events = names.map(service_name => ({ category: 'service_status', type, service_name }));
        assert.is((await daemon.post(events)).status, 202);
        // Before it is taken from its queue, while it is gathered, while it is sent, or after all that.
        await sleep(roll(2_500));
        await daemon.kill();
        await daemon.start();
        const wanted = type === 'down' ? round * 2 - 1 : round * 2;
        await until(
          () => [...reported(receiver).values()].every(states => states.length >= wanted),
          `40 services that are reported ${wanted} times`,
          60_000,
        );
      }
    }
    await daemon.drained();
    const expected = Array.from({ length: rounds }, () => ['down', 'up']).flat();
    for (const [name, states] of reported(receiver)) assert.equal(states, expected, name);
    assert.equal(receiver.violations, []);
  } finally {
    await daemon.remove();
    await receiver.server.stop();
  }
});

test.run();
