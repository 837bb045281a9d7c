// waits: mostly
import { createServer } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../helpers/daemon.js';
import { portOf } from '../helpers/ports.js';
import { FaultProxy } from '../helpers/servers/proxy.js';
import { WebhookReceiver } from '../helpers/servers/webhook-receiver.js';
import { until } from '../helpers/wait.js';

const names = Array.from({ length: 40 }, (_, index) => `service-${index + 1}`);

test('40 targets behind one switch, which the daemon itself watches: one message when it goes, one when it is back', async () => {
  const receiver = new WebhookReceiver();
  await receiver.server.start();
  const server = createServer(socket => socket.on('error', () => {}).end());
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening));
  const network = await FaultProxy.start(portOf(server));
  const daemon = new TestDaemon({
    env: {
      NOTIFY_WEBHOOK_URL: `${receiver.server.origin}/hook`,
      NOTIFY_WEBHOOK_SECRET: receiver.secret,
      HEALTH_TARGETS: names.map(name => `${name}=tcp://127.0.0.1:${network.port}`).join(','),
      HEALTH_INTERVAL_SECONDS: '1',
      // On a busy machine the checks of one interval may be seconds apart.
      NOTIFY_GROUP_WAIT_SECONDS: '15',
    },
  });
  const all = (state: string): Promise<unknown> =>
    until(
      async () => (await daemon.json('/v1/status')).services.every(service => service.state === state),
      `40 services that are ${state}`,
      60_000,
    );
  try {
    await daemon.start();
    await all('up');
    await network.set('refuse');
    await all('down');
    await until(() => receiver.bodies.length === 1, 'a notification', 60_000);
    await network.set('pass');
    await all('up');
    await until(() => receiver.bodies.length === 2, 'its end', 60_000);
    assert.equal(
      receiver.bodies.map(({ kind, count }) => [kind, count]),
      [
        ['failure', 40],
        ['resolved', 40],
      ],
    );
    assert.equal(receiver.violations, []);
  } finally {
    await daemon.remove();
    await receiver.server.stop();
    await network.stop();
    await new Promise(closed => server.close(closed));
  }
});

test.run();
