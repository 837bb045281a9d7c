import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../helpers/daemon.js';
import { EventReceiver } from '../helpers/servers/event-receiver.js';
import { type TemporaryFolder, temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';

const batch = 20;
const names = ['webhook', 'webhook.single'] as const;
type Name = (typeof names)[number];

interface Context {
  folder: TemporaryFolder;
  daemon: TestDaemon;
  receivers: Readonly<Record<Name, EventReceiver>>;
}

const test = suite<Context>('several writes at once');

test.before(async context => {
  context.folder = temporaryFolder();
  const [webhook, single] = await Promise.all(
    names.map(async () => {
      const receiver = new EventReceiver();
      await receiver.start();
      return receiver;
    }),
  );
  context.receivers = { webhook: webhook!, 'webhook.single': single! };
  const file = join(context.folder.path, 'sinks.yaml');
  const { origin: url, secret } = single!;
  const one = { kind: 'webhook', name: 'single', url, secret, concurrency: 1, batch_size: batch, categories: 'upload' };
  writeFileSync(file, JSON.stringify({ sinks: [one] }));
  context.daemon = await new TestDaemon({
    env: {
      EVENT_SINK_CONFIG: file,
      LOCAL_STORE: 'off',
      WEBHOOK_URL: webhook!.origin,
      WEBHOOK_SECRET: webhook!.secret,
      WEBHOOK_BATCH_SIZE: String(batch),
      WEBHOOK_CATEGORIES: 'upload',
    },
  }).start();
});
test.after(async ({ daemon, folder, receivers }) => {
  await daemon.remove();
  await Promise.all(Object.values(receivers).map(receiver => receiver.stop()));
  folder.remove();
});

let sent = 0;
async function send(daemon: TestDaemon, count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, index) => ({ id: `event-${sent + index}`, category: 'upload' }));
  sent += count;
  assert.is((await daemon.post(events)).status, 202);
}

async function statusOf(daemon: TestDaemon, name: Name) {
  const { sinks } = await daemon.json('/v1/status');
  return sinks.find(({ sink }) => sink === name)!;
}

test('a destination that takes 200 ms for an answer gets more in the same time than one at a time would be', async ({
  daemon,
  receivers,
}) => {
  const { webhook, 'webhook.single': single } = receivers;
  for (const receiver of [webhook, single]) receiver.always = { delayMs: 200 };
  const began = performance.now();
  await send(daemon, 600);
  await until(() => webhook.events.size === 600, 'all of them');
  const [there, ms] = [single.events.size, performance.now() - began];
  console.log(
    `600 events, ${batch} a request, 200 ms an answer: ${Math.round(600_000 / ms)}/s with up to 4 at once, ${Math.round((there * 1_000) / ms)}/s one at a time`,
  );
  assert.ok(there < 540, `${there} of 600 came one at a time meanwhile`);
  assert.is(webhook.repeats, 0);
  assert.equal([(await statusOf(daemon, 'webhook')).concurrency_limit], [4]);
  assert.equal([(await statusOf(daemon, 'webhook.single')).concurrency_limit], [1]);
  await daemon.drained();
  for (const receiver of Object.values(receivers)) {
    assert.is(receiver.events.size, 600);
    assert.equal(receiver.violations, []);
  }
  // In the order in which they came in.
  assert.equal(
    single.ids,
    [...Array(600).keys()].map(number => `event-${number}`),
  );
});

test('a destination that slows to a tenth gets one write at a time, and several again when it recovers', async ({
  daemon,
  receivers,
}) => {
  let running = true;
  const feeding = (async () => {
    while (running) {
      const { pending } = await statusOf(daemon, 'webhook');
      if ((pending ?? 0) < 600) await send(daemon, 300);
      await sleep(20);
    }
  })();
  const concurrency = async () => (await statusOf(daemon, 'webhook')).concurrency;
  const answersTake = (delayMs: number): void => {
    for (const receiver of Object.values(receivers)) receiver.always = { delayMs };
  };
  answersTake(100);
  await until(async () => (await concurrency()) > 1, 'several writes at once');
  answersTake(1_000);
  await until(async () => (await concurrency()) === 1, 'one at a time');
  answersTake(100);
  await until(async () => (await concurrency()) > 1, 'several writes at once again');
  answersTake(0);
  running = false;
  await feeding;
  await daemon.drained();
  for (const receiver of Object.values(receivers)) {
    assert.is(receiver.events.size, sent);
    assert.is(receiver.repeats, 0);
  }
  const ledger = await daemon.json('/v1/ledger');
  assert.ok(ledger.balanced, JSON.stringify(ledger));
});

test.run();
