import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../helpers/daemon.js';
import { AmplitudeServer } from '../helpers/servers/amplitude.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';

const folder = temporaryFolder();
const file = join(folder.path, 'c.yaml');
const amplitude = new AmplitudeServer();
const daemon = new TestDaemon({ env: { EVENT_SINK_CONFIG: file, LOG_LEVEL: '' } });

interface Answer {
  readonly status: number;
  readonly changed: readonly string[];
  readonly restarted: readonly string[];
  readonly needs_restart: readonly string[];
  readonly errors: readonly { readonly field: string }[];
}

function write(settings: Record<string, unknown>): void {
  writeFileSync(file, JSON.stringify(settings));
}

async function reload(settings: Record<string, unknown>): Promise<Answer> {
  write(settings);
  const response = await daemon.request('/v1/reload', { method: 'POST' });
  return { ...((await response.json()) as Answer), status: response.status };
}

const sink = (name: string, more: Record<string, unknown> = {}) => ({
  ...{ kind: 'amplitude', name, api_key: 'key', server_url: amplitude.url },
  ...more,
});
const paths = async (): Promise<string[]> => (await daemon.json('/v1/status')).actors.map(({ path }) => path);

const test = suite('reload');

test.before(async () => {
  await amplitude.start();
  amplitude.apiKeys.add('key');
  write({});
  await daemon.start();
});

test.after(async () => {
  await daemon.kill('SIGTERM');
  await daemon.remove();
  await amplitude.stop();
  folder.remove();
});

test('a sink comes, changes and goes while others run, and its queue stays', async () => {
  const came = await reload({ sinks: [sink('one')] });
  assert.equal(came.restarted, ['delivery/amplitude.one']);
  assert.equal(came.changed, ['sinks[0]', 'sinks[0].api_key', 'sinks[0].server_url']);
  assert.is((await daemon.post([{ id: 'first', category: 'upload' }])).status, 202);
  await until(() => amplitude.accepted.length === 1, 'the event at the new sink');

  const changed = await reload({ sinks: [sink('one', { batch_size: 7 }), sink('two')] });
  assert.equal(changed.restarted, ['delivery/amplitude.one', 'delivery/amplitude.two']);
  assert.equal((await reload({ sinks: [sink('one', { batch_size: 7 })] })).restarted, ['delivery/amplitude.two']);
  assert.not.ok((await paths()).some(path => path.startsWith('delivery/amplitude.two')));

  assert.equal((await reload({})).restarted, ['delivery/amplitude.one']);
  await daemon.post([{ id: 'while away', category: 'upload' }]);
  assert.is(amplitude.accepted.length, 1);
  await reload({ sinks: [sink('one')] });
  await until(() => amplitude.accepted.length === 2, 'what came in while the sink was off');
  await reload({});
});

test('what is wrong is all said at once, and shown until it is right; nothing of it is in force', async () => {
  const before = (await daemon.json('/v1/status')).settings;
  const { status, errors } = await reload({ log_level: 'debug', amplitude_batch_size: 'none', prot: 1 });
  assert.is(status, 422);
  assert.equal(
    errors.map(({ field }) => field),
    ['prot', 'AMPLITUDE_BATCH_SIZE'],
  );
  const problem = async (): Promise<boolean> =>
    (await daemon.json('/v1/status')).problems.some(({ what }) => what.includes('AMPLITUDE_BATCH_SIZE'));
  await until(problem, 'the problem to be shown');
  const { settings } = await daemon.json('/v1/status');
  assert.is(settings.version, before.version);
  assert.is(settings.since, before.since);
  assert.is(settings.problems.length, 2);
  assert.is((await reload({})).status, 200);
  await until(async () => !(await problem()), 'the problem to go');
});

test('what needs a restart is said, in the answer and the status', async () => {
  const { needs_restart, restarted } = await reload({ rate_limit: 60_000 });
  assert.equal(needs_restart, ['RATE_LIMIT']);
  assert.equal(restarted, []);
  await until(async () => (await daemon.json('/v1/status')).settings.needs_restart.length === 1, 'it to be shown');
  assert.equal((await reload({})).needs_restart, []);
});

test('SIGHUP and a changed file do the same', async () => {
  write({ log_level: 'debug' });
  daemon.signal('SIGHUP');
  await daemon.logged(/"by":"SIGHUP".*"changed":"LOG_LEVEL","restarted":"log"/);
  write({ log_level: 'trace' });
  await daemon.logged(/"by":"a changed file".*"restarted":"log"/);
  rmSync(file);
  await until(async () => (await daemon.json('/v1/status')).settings.problems.length === 1, 'the file to be missed');
  assert.is((await daemon.json('/v1/status')).settings.problems[0]?.name, 'EVENT_SINK_CONFIG');
  write({});
  await until(async () => (await daemon.json('/v1/status')).settings.problems.length === 0, 'the file to be back');
});

test.run();
