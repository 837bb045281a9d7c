import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { EventPage, Status } from '../../openapi/api-types.js';
import { SetupError } from '../../src/errors.js';
import { hastyClock } from '../helpers/clock.js';
import { callDaemon, startDaemonHere } from '../helpers/daemon-here.js';
import { scriptedSink } from '../helpers/scripted-sink.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';

test('a problem of the daemon that lasts a minute is an event, and so is its end', async () => {
  const folder = temporaryFolder();
  // What the wall clock says, and how long the process runs, are the test's to move.
  let passed = 0;
  const real = hastyClock(100);
  const clock = { ...real, now: () => real.now() + passed, monotonic: () => real.monotonic() + passed };
  let fails = true;
  const sink = scriptedSink(() => {
    if (fails) throw new SetupError('the password is wrong: correct it');
    return {};
  });
  sink.probe = () => {
    if (fails) throw new SetupError('the password is wrong: correct it');
  };
  const daemon = await startDaemonHere({ dir: folder.path, sinks: { scripted: sink }, clock });
  const problems = async (): Promise<EventPage['events']> => {
    const response = await callDaemon(daemon, '/v1/events?category=problem');
    return ((await response.json()) as EventPage).events;
  };
  const status = async (): Promise<Status> => (await (await callDaemon(daemon, '/v1/status')).json()) as Status;
  try {
    await callDaemon(daemon, '/v1/events', { method: 'POST', body: '{"category":"upload"}' });
    await until(async () => (await status()).problems.length > 0, 'a problem');
    assert.equal(await problems(), []);
    passed += 300_000;
    await until(async () => (await problems()).length === 1, 'its event');
    const [raised] = await problems();
    assert.is(raised?.type, 'raised');
    assert.is(raised?.severity, 'warning');
    assert.match(String(raised?.message), /^Scripted is not taking events: the password is wrong/);
    assert.match(String(raised?.fix), /^Nothing is lost/);
    fails = false;
    passed += 300_000;
    await until(async () => (await problems()).length === 2, 'the event of its end');
    const [resolved] = await problems();
    assert.is(resolved?.type, 'resolved');
    assert.is(resolved?.subject, raised?.subject);
  } finally {
    await daemon.stop();
    folder.remove();
  }
});

test.run();
