// timeout: 120 s
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TransientError } from '../../src/errors.js';
import type { DaemonStatus } from '../../src/status/report.js';
import type { Daemon } from '../../supervisors/root.js';
import { callDaemon, startDaemonHere } from '../helpers/daemon-here.js';
import { type ScriptedSink, scriptedSink } from '../helpers/scripted-sink.js';
import { until } from '../helpers/wait.js';

interface Context {
  dir: string;
  daemons: Daemon[];
}

const test = suite<Context>('daemon');

test.before.each(context => {
  context.dir = mkdtempSync(join(tmpdir(), 'event-sink-daemon-'));
  context.daemons = [];
});
test.after.each(async ({ dir, daemons }) => {
  for (const daemon of daemons) await daemon.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function start(context: Context, sinks: Record<string, ScriptedSink>): Promise<Daemon> {
  const daemon = await startDaemonHere({ dir: context.dir, sinks });
  context.daemons.push(daemon);
  return daemon;
}

async function send(daemon: Daemon, from: number, to: number): Promise<void> {
  const events = Array.from({ length: to - from + 1 }, (_, index) => ({
    id: `event-${from + index}`,
    category: 'upload',
  }));
  const response = await callDaemon(daemon, '/v1/events', { method: 'POST', body: JSON.stringify(events) });
  assert.is(response.status, 202, await response.text());
}

const status = async (daemon: Daemon): Promise<DaemonStatus> =>
  (await (await callDaemon(daemon, '/v1/status')).json()) as DaemonStatus;

async function stateOf(daemon: Daemon, sink: string): Promise<string | undefined> {
  return (await status(daemon)).sinks.find(row => row.sink === sink)?.state;
}

test('a sink that is down holds its events; the one beside it gets them at once; both are complete in the end', async context => {
  let down = true;
  const lame = scriptedSink(() => {
    if (down) throw new TransientError('connection refused');
    return {};
  });
  const sound = scriptedSink();
  const daemon = await start(context, { lame, sound });
  for (let batch = 0; batch < 10; batch += 1) {
    await send(daemon, batch * 100 + 1, batch * 100 + 100);
    await until(() => sound.delivered.length === (batch + 1) * 100, 'the sound sink');
  }
  assert.is(lame.delivered.length, 0);
  // One answer serves everybody who asks within 200 ms.
  const pending = async () => (await status(daemon)).sinks.find(row => row.sink === 'lame')?.pending;
  await until(async () => (await pending()) === 1000, 'a status that was counted after the last event');
  assert.is(await stateOf(daemon, 'lame'), 'holding');
  const { problems } = await status(daemon);
  assert.match(problems[0]?.what ?? '', 'connection refused');
  assert.is((await callDaemon(daemon, '/readyz')).status, 200);
  down = false;
  await until(() => lame.delivered.length === 1000, 'the lame sink');
  assert.is(new Set(lame.delivered).size, 1000);
  await until(async () => (await status(daemon)).problems.length === 0, 'no problem left');
  assert.equal([...lame.broken, ...sound.broken], []);
});

test('an event that a sink has a bug with is dead-lettered with its reason, and can be sent again', async context => {
  let fixed = false;
  const buggy = scriptedSink(events => {
    if (!fixed && events.some(({ id }) => id === 'event-7')) throw new TypeError('cannot read property of undefined');
    return {};
  });
  const daemon = await start(context, { buggy });
  await send(daemon, 1, 20);
  await until(() => buggy.delivered.length === 19, 'the nineteen others');
  const list = async () =>
    (
      (await (await callDaemon(daemon, '/v1/dead-letters?sink=buggy')).json()) as {
        dead_letters: Record<string, unknown>[];
      }
    ).dead_letters;
  await until(async () => (await list()).length === 1, 'a dead letter');
  const [deadLetter] = await list();
  assert.is(deadLetter?.id, 'event-7');
  assert.is(deadLetter?.fault, 'bug');
  assert.match(String(deadLetter?.reason), 'cannot read property');
  fixed = true;
  const redriven = await callDaemon(daemon, '/v1/dead-letters/redrive', {
    method: 'POST',
    body: JSON.stringify({ sink: 'buggy' }),
  });
  assert.is(redriven.status, 200, await redriven.text());
  await until(() => buggy.delivered.includes('event-7'), 'the event that was sent again');
  assert.equal(await list(), []);
});

test('a sink that always fails is parked and shown, ends nothing, and recovers', async context => {
  let broken = true;
  const failing = scriptedSink(() => {
    if (broken) throw new TypeError('everything is wrong');
    return {};
  });
  const daemon = await start(context, { failing });
  await send(daemon, 1, 50);
  await until(async () => (await stateOf(daemon, 'failing')) === 'parked', 'a parked sink');
  assert.match((await status(daemon)).problems[0]?.what ?? '', 'tried slowly');
  await send(daemon, 51, 60);
  broken = false;
  await until(() => failing.delivered.length === 60, 'all events');
  await until(async () => (await stateOf(daemon, 'failing')) === 'running', 'a running sink');
});

test('events that wait are delivered after a restart, to each sink once', async context => {
  const silent = scriptedSink(() => {
    throw new TransientError('down');
  });
  const first = await start(context, { other: silent });
  await send(first, 1, 30);
  await first.stop();
  context.daemons.pop();
  const sound = scriptedSink();
  const second = await start(context, { other: sound });
  await until(() => sound.delivered.length === 30, 'the events of before');
  const ledger = (await (await callDaemon(second, '/v1/ledger')).json()) as { balanced: boolean };
  assert.ok(ledger.balanced);
});

test('the queue of a sink that was switched off is reported, in words and numbers', async context => {
  const first = await start(context, { other: scriptedSink() });
  await first.stop();
  context.daemons.pop();
  const second = await start(context, {});
  await send(second, 1, 7);
  const [problem] = await until(async () => {
    const { problems } = await status(second);
    return problems.length > 0 && problems;
  }, 'a problem');
  assert.match(problem?.what ?? '', 'No sink consumes the queue event-sink.other');
  assert.match(problem?.fix ?? '', 'event-sink queues remove event-sink.other');
  assert.match(
    await (await callDaemon(second, '/metrics')).text(),
    'event_sink_orphaned_queue_events{queue="event-sink.other"}',
  );
});

test('a sink that is down is not hammered while the daemon stops', async context => {
  const down = scriptedSink(() => {
    throw new TransientError('connection refused');
  });
  const daemon = await start(context, { down });
  await send(daemon, 1, 3);
  const { hostname, port } = new URL(daemon.address);
  const headers = { 'x-api-key': 'daemon-test-key', 'content-type': 'application/json' };
  const unfinished = request({ hostname, port, path: '/v1/events', method: 'POST', headers });
  const gone = new Promise(resolve => unfinished.on('error', () => {}).on('close', resolve));
  unfinished.write('[');
  await until(() => down.writes.length > 2, 'a sink that is held');
  const before = down.writes.length;
  await daemon.stop();
  await gone;
  assert.ok(down.writes.length - before < 100, `${down.writes.length - before} more writes`);
});

test('storage whose files are taken away fails, and the tree starts again on fresh ones', async context => {
  const daemon = await start(context, {});
  for (const name of readdirSync(context.dir)) rmSync(join(context.dir, name), { recursive: true });
  const again = await until(async () => {
    const answer = await callDaemon(daemon, '/v1/events', {
      method: 'POST',
      body: '{"id":"after","category":"upload"}',
    }).catch(() => undefined);
    if (answer?.status !== 202) return false;
    const found = await callDaemon(daemon, '/v1/events');
    return found.status === 200 && (await found.text()).includes('after');
  }, 'a daemon that accepts and stores again');
  assert.ok(again);
});

test('a folder that is not the one it was ends the daemon with code 2, for a person to put it right', async context => {
  const daemon = await start(context, {});
  rmSync(context.dir, { recursive: true });
  writeFileSync(context.dir, 'no folder');
  const { code } = await daemon.ended;
  assert.is(code, 2);
});

test.run();
