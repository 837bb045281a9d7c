import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fakeDaemon, invoke } from './invoke.js';

const report = { changed: ['LOG_LEVEL', 'PORT'], restarted: ['log'], needs_restart: ['PORT'] };

test('what came of it, for programs and for people', async () => {
  const daemon = await fakeDaemon(() => ({ status: 200, body: report }));
  const env = { EVENT_SINK_URL: daemon.url, EVENT_SINK_API_KEY: 'k' };
  const piped = await invoke(['reload'], { env });
  const shown = await invoke(['reload'], { env, onTerminal: true });
  await daemon.close();
  assert.equal(JSON.parse(piped.out), report);
  assert.is(shown.out, 'changed: LOG_LEVEL, PORT\nrestarted: log\nat the next start of the daemon: PORT');
  const { method, path } = daemon.asked.at(-1)!;
  assert.equal([method, path], ['POST', '/v1/reload']);
});

test('settings that are wrong are all said, and the exit code is 1', async () => {
  const errors = [
    { field: 'PORT', message: 'must be a whole number' },
    { field: 'prot', message: 'is not a setting' },
  ];
  const body = {
    type: 'urn:event-sink:problem:invalid-settings',
    title: 'no',
    status: 422,
    detail: 'Nothing.',
    errors,
  };
  const daemon = await fakeDaemon(() => ({ status: 422, body }));
  const { code, err } = await invoke(['reload'], { env: { EVENT_SINK_URL: daemon.url, EVENT_SINK_API_KEY: 'k' } });
  await daemon.close();
  assert.is(code, 1);
  for (const { field, message } of errors) assert.match(err, new RegExp(`${field}.*${message}`));
});

test('it takes no arguments', async () => {
  assert.is((await invoke(['reload', 'now'], {})).code, 2);
});

test.run();
