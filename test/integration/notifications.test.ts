// waits: mostly
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { startExim } from '../helpers/servers/exim.js';
import { required } from '../helpers/skip.js';
import { SwitchedNetwork } from '../helpers/switched-network.js';
import { until } from '../helpers/wait.js';

const exim = required('exim', await startExim());
test.after(() => exim.stop());

test('a switch that takes 40 services down is one message, and one when they are back: by mail, in Slack and to a webhook, over kill -9 in between', async () => {
  // On a busy machine the checks of one interval may be seconds apart.
  const scene = await SwitchedNetwork.start(exim, { NOTIFY_GROUP_WAIT_SECONDS: '10' });
  const { receiver, daemon } = scene;
  try {
    await scene.turn('refuse');
    await scene.all('down');
    // Between the outage and its message.
    await scene.killAndStart();
    await scene.received(1);
    await until(() => scene.texts.length === 1, 'the outage in Slack', 60_000);
    await until(async () => (await scene.mails()).size === 1, 'the mail about it', 60_000);
    // Between the message and the end.
    await scene.killAndStart();
    await scene.turn('pass');
    await scene.all('up');
    // And between the end and its message, unless that is out already.
    await scene.killAndStart();
    await scene.received(2);
    await until(() => scene.texts.length === 2, 'the end in Slack', 60_000);
    await until(async () => (await scene.mails()).size === 2, 'the mail about the end', 60_000);
    await daemon.drained();

    assert.equal(
      receiver.bodies.map(({ kind, count }) => [kind, count]),
      [
        ['failure', 41],
        ['resolved', 41],
      ],
    );
    const [outage, end] = receiver.bodies;
    assert.is(outage?.subject, 'switch is down; 40 services cannot be checked because of switch');
    assert.match(end?.subject ?? '', /^41 services are well again: .* and 36 more$/);
    assert.is(end?.thread, outage?.id);
    for (const [name, states] of scene.reported)
      assert.equal(states, name === 'switch' ? ['down', 'up'] : ['unknown', 'up'], name);
    assert.equal(receiver.violations, []);
    assert.equal([...(await scene.mails()).values()].sort(), receiver.bodies.map(({ subject }) => subject).sort());
    assert.equal([scene.texts.length, receiver.bodies.length], [2, 2]);
    const { sinks } = await daemon.json('/v1/ledger');
    for (const { sink, difference } of sinks) assert.is(difference, 0, sink);
  } finally {
    await scene.stop();
  }
});

test.run();
