// timeout: 120 s
import { hostname } from 'node:os';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hashOf, keyedHash, timedId } from '../../src/events/identity.js';
import { hastyClock } from '../helpers/clock.js';
import { callDaemon, startDaemonHere } from '../helpers/daemon-here.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';

/** The clock stands, so that whoever wants to foretell an id even knows the millisecond. */
const now = 1_700_000_000_000;
const [name, address] = ['clowder', 'tcp://127.0.0.1:1'];

interface Stored {
  readonly id: string;
  readonly type: string;
  readonly _source: string;
  readonly message?: string;
}

/** By somebody who knows the code and every fact but the secret, each with what a secret could be taken for. */
function foretold(dir: string): string[] {
  const guesses = ['', '0'.repeat(64), name, address, hostname(), dir, 'event-sink', 'secret'];
  const identities = ['up', 'degraded', 'down', 'maintenance'].flatMap(status => [
    ['service_status', name, address, status, now, '', '', ''],
    ['service_status', name, address, status, now, now, '', ''],
  ]);
  identities.push(['health', name, address, now]);
  return identities.flatMap(parts => [
    ...guesses.map(guess => timedId(now, keyedHash(guess, ...parts))),
    timedId(now, hashOf(parts.join('\n'))),
    timedId(now, hashOf(JSON.stringify(parts))),
    hashOf(parts.join('\n')),
  ]);
}

test('nobody foretells the ids of the daemon: its outage report is delivered, whatever came before it', async () => {
  const folder = temporaryFolder();
  const daemon = await startDaemonHere({
    dir: folder.path,
    clock: { ...hastyClock(1_000), now: () => now },
    env: { HEALTH_TARGETS: `${name}=${address}`, HEALTH_INTERVAL_SECONDS: '2', HEALTH_TIMEOUT_SECONDS: '1' },
  });
  const forged = foretold(folder.path).map(id => ({ id, category: 'service_status', type: 'up', service_name: name }));
  const answer = await callDaemon(daemon, '/v1/events', { method: 'POST', body: JSON.stringify(forged) });
  assert.is(answer.status, 202);
  const down = await until(
    async () => {
      const response = await callDaemon(daemon, '/v1/events?category=service_status&type=down');
      const { events } = (await response.json()) as { events: Stored[] };
      return events.find(({ _source }) => _source === 'health');
    },
    'the report of the outage',
    60_000,
  );
  assert.not.ok(forged.some(({ id }) => id === down.id));
  const { sinks } = (await (await callDaemon(daemon, '/v1/ledger')).json()) as {
    sinks: { duplicates: number; difference: number }[];
  };
  assert.equal(
    sinks.map(({ duplicates, difference }) => [duplicates, difference]),
    [[0, 0]],
  );

  // Now it is known, and it changes nothing: the event that was there stays, and the conflict is said.
  const forgery = JSON.stringify({ id: down.id, category: 'service_status', type: 'up', service_name: name });
  assert.is((await callDaemon(daemon, '/v1/events', { method: 'POST', body: forgery })).status, 202);
  await until(
    async () =>
      /event_sink_id_conflicts_total\{at="local"\} 1/.test(await (await callDaemon(daemon, '/metrics')).text()),
    'the conflict in the metrics',
  );
  const said = `1 event came with the id and not the content of another one: local keeps the one that came first. The last id is ${down.id}.`;
  await until(async () => {
    const status = await callDaemon(daemon, '/v1/status');
    return ((await status.json()) as { problems: { what: string }[] }).problems.some(({ what }) => what === said);
  }, said);
  const kept = (await (await callDaemon(daemon, '/v1/events?category=service_status&type=down')).json()) as {
    events: Stored[];
  };
  assert.ok(kept.events.some(({ id, _source }) => id === down.id && _source === 'health'));
  await daemon.stop();
  folder.remove();
});

test.run();
