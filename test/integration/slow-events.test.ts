// timeout: 240 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../helpers/daemon.js';
import { AmplitudeServer } from '../helpers/servers/amplitude.js';
import { Ga4Server } from '../helpers/servers/ga4.js';

/** Events that are made to be slow, with the sinks on that look at every text of an event. */

/** Longer than anything takes here but a stop of everything, ms. */
const patienceMs = 15_000;
const slow = {
  mail: { category: 'view_resource', type: 'file', resource_name: `a@${'.'.repeat(250_000)} ` },
  zeros: `{"category":"x","number":0.1${'0'.repeat(250_000)}1}`,
  underscores: { category: 'x', [`a${'_'.repeat(250_000)}b`]: 1 },
  letters: { category: 'x', url: `${'A'.repeat(250_000)}:@` },
  backslashes: { category: 'x', resource_name: `${'\\'.repeat(120_000)}x\\` },
  fields: Object.fromEntries([['category', 'x'], ...Array.from({ length: 9_000 }, (_, n) => [`_${n}`, n])]),
};

test('events that are made to be slow stop nothing: each is delivered or dead with its reason, and /healthz answers meanwhile', async () => {
  const [amplitude, ga4] = [new AmplitudeServer(), new Ga4Server()];
  await Promise.all([amplitude.start(), ga4.start()]);
  const daemon = await new TestDaemon({
    env: {
      AMPLITUDE_API_KEY: 'key-of-the-project',
      AMPLITUDE_SERVER_URL: amplitude.url,
      GOOGLE_MEASUREMENT_ID: 'G-TEST123456',
      GOOGLE_API_SECRET: 'secret-of-the-stream',
      GOOGLE_SERVER_URL: ga4.origin,
    },
  }).start();
  const over = new AbortController();
  const answers: number[] = [];
  const asking = (async () => {
    while (!over.signal.aborted) {
      answers.push((await fetch(`${daemon.url}/healthz`, { signal: AbortSignal.timeout(patienceMs) })).status);
      await new Promise(resolve => setTimeout(resolve, 10));
    }
  })();

  const ids: string[] = [];
  for (let round = 0; round < 5; round += 1) {
    for (const [kind, event] of Object.entries(slow)) {
      const body = typeof event === 'string' ? event : JSON.stringify(event);
      const id = `${kind}-${round}`;
      const response = await daemon.request('/v1/events', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': id },
        body,
      });
      assert.is(response.status, 202, await response.text());
      ids.push(id);
    }
  }
  await daemon.drained(120_000);
  over.abort();
  await asking;

  const { dead_letters } = await daemon.json('/v1/dead-letters?limit=1000');
  for (const { reason } of dead_letters) assert.ok(reason.length > 10 && reason.length <= 4_000, reason.slice(0, 100));
  const arrived: Record<string, readonly unknown[]> = {
    amplitude: amplitude.accepted.map(({ insert_id }) => insert_id),
    ga4: ga4.eventIds(),
    // After a minute of dead letters the daemon says so itself.
    local: (await daemon.stored()).filter(({ category }) => category !== 'problem').map(({ id }) => id),
  };
  for (const [sink, delivered] of Object.entries(arrived)) {
    const dead = dead_letters.filter(one => one.sink === sink).map(({ id }) => id);
    assert.equal([...delivered.map(String), ...dead].sort(), [...ids].sort(), sink);
  }
  assert.ok(answers.length > 10 && answers.every(status => status === 200), answers.join());
  assert.not.match(daemon.output, 'event-loop.stalled');
  await daemon.kill('SIGTERM');
  await daemon.remove();
  await Promise.all([amplitude.stop(), ga4.stop()]);
});

test.run();
