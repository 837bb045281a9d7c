// timeout: 300 s
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../helpers/daemon.js';
import { until } from '../helpers/wait.js';

/** By hand: `npm run proof -- kills`, a thousand of them. */
const rounds = Number(process.env.KILL_ROUNDS ?? 20);
const clients = 4;
const batch = 25;

const test = suite<{ daemon: TestDaemon }>('kill -9');

test.before.each(context => {
  context.daemon = new TestDaemon();
});
test.after.each(({ daemon }) => daemon.remove());

test(`${rounds} times under load: every id with a 202 is in the store exactly once, and the ledger balances`, async ({
  daemon,
}) => {
  const acknowledged = new Set<string>();
  const sent = new Set<string>();
  let number = 0;
  for (let round = 0; round < rounds; round += 1) {
    await daemon.start();
    let alive = true;
    const client = async (): Promise<void> => {
      while (alive) {
        const events = Array.from({ length: batch }, () => {
          number += 1;
          return { id: `event-${number}`, category: 'upload', resource_name: `file ${number}`, size: number };
        });
        for (const { id } of events) sent.add(id);
        const response = await daemon.post(events).catch(() => undefined);
        if (response?.status === 202) for (const { id } of events) acknowledged.add(id);
      }
    };
    const running = Array.from({ length: clients }, client);
    await new Promise(resolve => setTimeout(resolve, 60 + ((round * 37) % 120)));
    // A machine that is slow has nothing to lose before.
    await until(() => acknowledged.size >= (round + 1) * batch, 'an answer');
    await daemon.kill('SIGKILL');
    alive = false;
    await Promise.all(running);
  }
  await daemon.start();
  await daemon.drained();
  const ids = (await daemon.stored()).map(({ id }) => id);
  const stored = new Set(ids);
  // On a machine that is busy a problem may last for a minute.
  const own = new Set((await daemon.stored('problem')).map(({ id }) => id));
  assert.ok(acknowledged.size >= rounds * batch, `only ${acknowledged.size} acknowledged`);
  assert.equal(
    [...acknowledged].filter(id => !stored.has(id)),
    [],
    'acknowledged and not stored',
  );
  assert.is(ids.length, stored.size, 'stored twice');
  assert.equal(
    ids.filter(id => !sent.has(id) && !own.has(id)),
    [],
    'stored and never sent',
  );
  const ledger = await daemon.json('/v1/ledger');
  assert.ok(ledger.exact && ledger.balanced, JSON.stringify(ledger.sinks));
  const [local] = ledger.sinks;
  assert.is(local?.accepted, local!.delivered + local!.duplicates + local!.dead + local!.pending);
  // A kill between the store's commit and the settlement's shows as a duplicate: the
  // event was there when it came again.
  assert.is(local!.delivered + local!.duplicates, stored.size);
  assert.is(await daemon.kill('SIGTERM'), 0);
});

test('SIGTERM under load: exit 0 in time, nothing accepted is lost, nothing is complained of', async ({ daemon }) => {
  const acknowledged = new Set<string>();
  let number = 0;
  for (let round = 0; round < 3; round += 1) {
    await daemon.start({ SHUTDOWN_SECONDS: '10' });
    let alive = true;
    const running = Array.from({ length: clients }, async () => {
      while (alive) {
        const events = Array.from({ length: batch }, () => ({ id: `event-${++number}`, category: 'upload' }));
        const response = await daemon.post(events).catch(() => undefined);
        if (response?.status === 202) for (const { id } of events) acknowledged.add(id);
      }
    });
    await new Promise(resolve => setTimeout(resolve, 300));
    assert.is(await daemon.kill('SIGTERM'), 0, daemon.output.slice(-2000));
    alive = false;
    await Promise.all(running);
  }
  await daemon.start();
  await daemon.drained();
  const stored = new Set((await daemon.stored()).map(({ id }) => id));
  assert.equal(
    [...acknowledged].filter(id => !stored.has(id)),
    [],
  );
  assert.match(daemon.output, '"level":"info"');
  assert.not.match(daemon.output, /unhandled|"level":"(error|fatal)"/i);
});

test('a second daemon on the same folder is refused in one clear line', async ({ daemon }) => {
  await daemon.start();
  const second = new TestDaemon({ dir: daemon.dir });
  await second.launch();
  assert.is(await second.ended(), 1);
  const lines = second.output.trim().split('\n');
  assert.is(lines.length, 1, second.output);
  assert.match(lines[0]!, /another|in use|already/i);
  assert.is((await daemon.request('/readyz')).status, 200);
});

test.run();
