import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../helpers/daemon.js';
import { WebhookReceiver } from '../helpers/servers/webhook-receiver.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';

const names = Array.from({ length: 40 }, (_, index) => `service-${String(index + 1).padStart(2, '0')}`);

/** The real process and its one receiver, over its kills. */
class Scene {
  readonly receiver = new WebhookReceiver();
  daemon!: TestDaemon;

  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.receiver.server.start();
    const { server, secret } = this.receiver;
    this.daemon = new TestDaemon({
      env: { NOTIFY_WEBHOOK_URL: `${server.origin}/hook`, NOTIFY_WEBHOOK_SECRET: secret, ...env },
    });
    await this.daemon.start();
  }

  /** As a program outside, that watches services, says it. */
  async declare(status: string, services: readonly string[]): Promise<void> {
    await this.daemon.post(
      services.map(service_name => ({
        category: 'service_status',
        type: status,
        service_name,
        message: `found ${status}`,
      })),
    );
  }

  async received(count: number): Promise<void> {
    await until(() => this.receiver.bodies.length >= count, `${count} notifications`, 60_000);
  }

  async stop(): Promise<void> {
    await this.daemon.remove();
    await this.receiver.server.stop();
  }
}

const test = suite<{ scene: Scene }>('notifications of the daemon');
test.before.each(context => {
  context.scene = new Scene();
});
test.after.each(({ scene }) => scene.stop());

test('40 services that fall at once are one message, and one when they are back, over kills in between', async ({
  scene,
}) => {
  await scene.start({ NOTIFY_GROUP_WAIT_SECONDS: '2' });
  await scene.declare('down', names);
  // Somewhere between the queue, the group and the message.
  await scene.daemon.kill();
  await scene.daemon.start();
  await scene.received(1);
  await scene.daemon.kill();
  await scene.daemon.start();
  await scene.declare('up', names);
  await scene.daemon.kill();
  await scene.daemon.start();
  await scene.received(2);
  await scene.daemon.drained();
  const [outage, end, ...more] = scene.receiver.bodies;
  assert.equal(more, []);
  assert.is(outage?.count, 40);
  assert.equal(outage?.changes.map(change => change.service_name).sort(), names);
  assert.is(outage?.type, 'service_status.down');
  assert.match(end?.subject ?? '', /^40 services are well again: /);
  assert.is(end?.thread, outage?.id);
  assert.equal(scene.receiver.violations, []);
  const { sinks } = await scene.daemon.json('/v1/ledger');
  for (const { sink, difference } of sinks) assert.is(difference, 0, sink);
  const kept = await scene.daemon.stored('notification');
  assert.equal(kept.map(({ id }) => id).sort(), [...scene.receiver.ids].sort());
});

test('a receiver that is away has everything later, each once', async ({ scene }) => {
  await scene.start({ NOTIFY_GROUP_WAIT_SECONDS: '0' });
  await scene.receiver.server.stop();
  await scene.declare('down', ['clowder']);
  await until(
    async () =>
      (await scene.daemon.json('/v1/status')).sinks.some(
        ({ sink, pending }) => sink === 'notify.webhook' && Number(pending) > 0,
      ),
    'a notification that waits',
  );
  await scene.receiver.server.start();
  await scene.received(1);
  assert.is(scene.receiver.bodies[0]?.service_name, 'clowder');
  assert.is(scene.receiver.bodies[0]?.state, 'down');
});

test('a rule about other events collects those, and of everything else nothing waits for anybody', async ({
  scene,
}) => {
  const folder = temporaryFolder();
  try {
    const config = join(folder.path, 'config.yaml');
    writeFileSync(
      config,
      JSON.stringify({ notify: { rules: [{ events: 'extraction_status.error', when: 'always' }] } }),
    );
    await scene.start({ EVENT_SINK_CONFIG: config, NOTIFY_GROUP_WAIT_SECONDS: '0' });
    await scene.daemon.post([1, 2, 3].map(n => ({ category: 'upload', n })));
    await scene.daemon.post({
      category: 'extraction_status',
      type: 'error',
      extractor_name: 'ncsa.image',
      message: 'no',
    });
    await scene.received(1);
    await scene.daemon.post([4, 5].map(n => ({ category: 'upload', n })));
    await scene.declare('down', ['clowder']);
    await scene.daemon.drained();
    assert.equal(
      scene.receiver.bodies.map(({ type }) => type),
      ['extraction_status.error'],
    );
    const { sinks } = await scene.daemon.json('/v1/ledger');
    for (const { sink, accepted, filtered, difference } of sinks) {
      assert.is(difference, 0, sink);
      if (sink.startsWith('notify')) assert.is(accepted - filtered, 1, sink);
    }
  } finally {
    folder.remove();
  }
});

test.run();
