// waits: mostly
import { createServer } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../helpers/daemon.js';
import { portOf } from '../helpers/ports.js';
import { startExim } from '../helpers/servers/exim.js';
import { FaultProxy } from '../helpers/servers/proxy.js';
import { StandIn } from '../helpers/servers/stand-in.js';
import { WebhookReceiver } from '../helpers/servers/webhook-receiver.js';
import { required } from '../helpers/skip.js';
import { until } from '../helpers/wait.js';

const exim = required('exim', await startExim());
const names = Array.from({ length: 40 }, (_, index) => `service-${index + 1}`);

test('40 targets behind one switch, which the daemon itself watches: one message when it goes, one when it is back, by mail, in Slack and to a webhook', async () => {
  const receiver = new WebhookReceiver();
  await receiver.server.start();
  const slack = new StandIn(() => ({ status: 200, body: 'ok' }));
  await slack.start();
  const server = createServer(socket => socket.on('error', () => {}).end());
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening));
  const network = await FaultProxy.start(portOf(server));
  const daemon = new TestDaemon({
    env: {
      NOTIFY_WEBHOOK_URL: `${receiver.server.origin}/hook`,
      NOTIFY_WEBHOOK_SECRET: receiver.secret,
      SMTP_URL: `smtp://127.0.0.1:${exim.port}`,
      NOTIFY_EMAIL_TO: 'ops@example.org',
      NOTIFY_EMAIL_FROM: 'event-sink@example.org',
      NOTIFY_SLACK_URL: `${slack.origin}/services/T0/B0/x`,
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
    await until(() => slack.asked.length >= 2, 'both in Slack', 60_000);
    await until(async () => (await exim.mails()).length >= 2, 'both mails', 60_000);
    await daemon.drained();
    assert.is(slack.asked.length, 2);
    const subjects = (await exim.mails()).map(({ headers }) => headers.get('subject') ?? '').sort();
    assert.is(subjects.length, 2);
    assert.match(subjects[0] ?? '', /^40 services are down: .* and 35 more$/);
    assert.match(subjects[1] ?? '', /^40 services are well again: .* and 35 more$/);
  } finally {
    await daemon.remove();
    await receiver.server.stop();
    await slack.stop();
    await exim.stop();
    await network.stop();
    await new Promise(closed => server.close(closed));
  }
});

test.run();
