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
  /** Those of the sink: a machine that is busy may have others. */
  const problem = async (type: string): Promise<EventPage['events'][number] | undefined> => {
    const response = await callDaemon(daemon, `/v1/events?category=problem&type=${type}`);
    const { events } = (await response.json()) as EventPage;
    return events.find(({ message }) => /^Scripted is not taking events/.test(String(message)));
  };
  /** A problem that is not there for a moment lasts from then on: the clock goes on until it has lasted. */
  const later = (type: string) => async () => {
    passed += 90_000;
    return problem(type);
  };
  const status = async (): Promise<Status> => (await (await callDaemon(daemon, '/v1/status')).json()) as Status;
  try {
    await callDaemon(daemon, '/v1/events', { method: 'POST', body: '{"category":"upload"}' });
    await until(async () => (await status()).problems.length > 0, 'a problem');
    assert.is(await problem('raised'), undefined);
    const raised = await until(later('raised'), 'its event', 60_000, 200);
    assert.is(raised.severity, 'warning');
    assert.match(String(raised.message), /^Scripted is not taking events: the password is wrong/);
    assert.match(String(raised.fix), /^Nothing is lost/);
    assert.is(await problem('resolved'), undefined);
    fails = false;
    const resolved = await until(later('resolved'), 'the event of its end', 60_000, 200);
    assert.is(resolved.subject, raised.subject);
  } finally {
    await daemon.stop();
    folder.remove();
  }
});

test.run();
