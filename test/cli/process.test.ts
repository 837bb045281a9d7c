import { spawn } from 'node:child_process';
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Receipt, Status } from '../../openapi/api-types.js';
import { formatEntry } from '../../src/keys/entries.js';
import { generateKey, keyEntry } from '../../src/keys/keys.js';
import { TestDaemon } from '../helpers/daemon.js';
import { freePort } from '../helpers/ports.js';
import { findProgram, Running } from '../helpers/running.js';
import { skipped } from '../helpers/skip.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { until } from '../helpers/wait.js';

const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const fixtures = fileURLToPath(new URL('../../../fixtures/events/', import.meta.url));

const test = suite<{ daemon: TestDaemon }>('the program');
test.before.each(context => {
  context.daemon = new TestDaemon();
});
test.after.each(({ daemon }) => daemon.remove());

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The program itself, with nothing on its standard input. */
function run(words: readonly string[], env: Record<string, string>): Promise<Run> {
  const child = spawn(process.execPath, [main, ...words], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', chunk => (out += chunk));
  child.stderr.on('data', chunk => (err += chunk));
  return new Promise(resolve => child.once('close', code => resolve({ code, out, err })));
}

const client = (daemon: TestDaemon) => ({ EVENT_SINK_URL: daemon.url, EVENT_SINK_API_KEY: daemon.key });

test('a recording is replayed into the store, and again adds nothing', async ({ daemon }) => {
  await daemon.start();
  const files = ['clowder', 'requested', 'made'].map(name => join(fixtures, `${name}.ndjson`));
  const lines = new Set(files.flatMap(file => readFileSync(file, 'utf8').trim().split('\n')));
  const first = await run(['replay', '--now', ...files], client(daemon));
  assert.is(first.code, 0, first.err);
  assert.is((JSON.parse(first.out) as Pick<Receipt, 'accepted'>).accepted, lines.size);
  await daemon.drained();
  assert.is((await daemon.stored()).length, lines.size);
  assert.is((await run(['replay', '--now', ...files], client(daemon))).code, 0);
  await daemon.drained();
  const stored = await daemon.stored();
  assert.is(stored.length, lines.size);
  assert.ok(stored.every(event => event._source === 'replay'));
});

test('the key of the first start lets the commands of the same machine in', async ({ daemon }) => {
  await daemon.start({ API_KEYS: '' });
  const env = { DATA_DIR: daemon.dir, PORT: String(daemon.port) };
  const sent = await run(['send', '{"category":"upload"}'], env);
  assert.is(sent.code, 0, sent.err);
  assert.equal(await run(['dead-letters', 'list'], env), { code: 0, out: '', err: '' });
  const key = readFileSync(join(daemon.dir, 'api-key'), 'utf8').trim();
  assert.not.match(daemon.output, key);
  const said = (line: string): Promise<string | undefined> =>
    until(() => {
      const lines: { msg?: string; file?: string }[] = daemon.output
        .trim()
        .split('\n')
        .map(line => JSON.parse(line));
      return lines.find(({ msg }) => msg === line)?.file;
    }, line);
  const file = join(daemon.dir, 'api-key');
  assert.is(await said('key.created'), file);
  await daemon.kill('SIGTERM');
  await daemon.start({ API_KEYS: '' });
  assert.is(await said('key.loaded'), file);
  assert.not.match(daemon.output, key);
});

test('through a pipe only where the key lies is said, whole, wherever the daemon was started', async () => {
  const folder = temporaryFolder();
  const here = new TestDaemon({ dir: './some/data', cwd: folder.path, env: { API_KEYS: '' } });
  try {
    await here.start();
    const path = join(realpathSync(folder.path), 'some/data/api-key');
    const key = readFileSync(path, 'utf8').trim();
    await here.logged(/"key\.created".*\n/);
    const made = here.output.split('\n').find(line => line.includes('"key.created"'));
    assert.is(JSON.parse(made ?? '{}').file, path);
    assert.not.match(here.output, key);
    assert.is(await here.kill('SIGTERM'), 0);
  } finally {
    await here.remove();
    folder.remove();
  }
});

if (findProgram('script') === undefined) skipped('script', 'no command script (util-linux), which makes a terminal');
else
  test('on a terminal the key of the first start is shown once, and after that where it lies', async () => {
    const folder = temporaryFolder();
    const path = join(folder.path, 'data/api-key');
    const onTerminal = async (said: string): Promise<string> => {
      const shell = `echo "pid $$"; exec "${process.execPath}" "${main}" start`;
      const terminal = new Running('script', ['-qfec', shell, '/dev/null'], {
        env: { DATA_DIR: join(folder.path, 'data'), PORT: String(await freePort()), API_KEYS: '', API_KEYS_FILE: '' },
      });
      try {
        await until(() => terminal.output.includes(said) && terminal.output.includes('listens on'), said);
      } finally {
        process.kill(Number(/pid (\d+)/.exec(terminal.output)?.[1]), 'SIGTERM');
        await terminal.exited;
      }
      return terminal.output;
    };
    try {
      const first = await onTerminal('API key, made for this first start');
      const key = readFileSync(path, 'utf8').trim();
      assert.match(first, `kept in ${path}: ${key}`);
      const second = await onTerminal(`API key: see ${path}`);
      assert.not.match(second, key);
    } finally {
      folder.remove();
    }
  });

test('a running daemon takes over a key file that changes, and SIGHUP does not end it', async ({ daemon }) => {
  const file = join(daemon.dir, 'keys');
  const [first, second, third] = ['one', 'two', 'three'].map(name => ({ name, key: generateKey() }));
  const hold = ({ name, key }: { name: string; key: string }): void =>
    writeFileSync(file, `${formatEntry(keyEntry(key, name, ['read']))}\n`);
  const lets = async (holder: { key: string }): Promise<boolean> =>
    (await daemon.request('/v1/events', { headers: { 'x-api-key': holder.key } })).status === 200;
  hold(first!);
  await daemon.start({ API_KEYS: '', API_KEYS_FILE: file });
  assert.ok(await lets(first!));
  hold(second!);
  daemon.signal('SIGHUP');
  await until(() => lets(second!), 'the second key');
  assert.not.ok(await lets(first!));
  hold(third!);
  await until(() => lets(third!), 'the third key');
  assert.is(await daemon.kill('SIGTERM'), 0);
});

test('a key file that is emptied puts its keys out within two seconds, and the status says so', async ({ daemon }) => {
  const file = join(daemon.dir, 'keys');
  const [kept, typo] = ['kept', 'typo'].map(name => ({ name, key: generateKey() }));
  const entryOf = ({ name, key }: { name: string; key: string }): string =>
    formatEntry(keyEntry(key, name, ['publish', 'read', 'admin']));
  writeFileSync(file, `${entryOf(kept!)}\n${entryOf(typo!)}\n`);
  await daemon.start({ API_KEYS: '', API_KEYS_FILE: file });
  const ask = (holder: { key: string }): Promise<Response> =>
    daemon.request('/v1/status', { headers: { 'x-api-key': holder.key } });
  assert.is((await ask(typo!)).status, 200);

  writeFileSync(file, `${entryOf(kept!)}\n${entryOf(typo!).replace(':', ';')}\n`);
  await until(async () => (await ask(typo!)).status === 401, 'the key of the broken line to be out', 2000, 50);
  const wrong = /The file of keys .* is wrong: line 2 is not of the form/;
  const problems = async (): Promise<Status['problems']> => ((await (await ask(kept!)).json()) as Status).problems;
  await until(async () => (await problems()).some(({ what }) => wrong.test(what)), 'the status to say so', 60_000, 200);
  await daemon.logged(/"keys":1,.*"keys.refused"/);

  writeFileSync(file, '');
  await until(async () => (await ask(kept!)).status === 401, 'every key to be out', 2000, 50);
});

test('of two daemons that start at once in a new folder, the one that stays knows the key on the disk', async ({
  daemon,
}) => {
  for (let round = 0; round < 3; round++) {
    const dir = join(daemon.dir, String(round));
    const both = [new TestDaemon({ dir }), new TestDaemon({ dir })];
    try {
      await Promise.all(both.map(one => one.launch({ API_KEYS: '' })));
      const alive = (one: TestDaemon): Promise<boolean> =>
        fetch(`${one.url}/readyz`).then(
          answer => answer.status === 200,
          () => false,
        );
      const winner = await until(
        async () => ((await alive(both[0]!)) ? both[0] : (await alive(both[1]!)) ? both[1] : undefined),
        'a daemon that is ready',
        60_000,
        50,
      );
      const loser = both.find(one => one !== winner)!;
      assert.is(await loser.ended(), 1);
      const key = readFileSync(join(dir, 'api-key'), 'utf8').trim();
      const answer = await winner.request('/v1/status', { headers: { 'x-api-key': key } });
      assert.is(answer.status, 200, `round ${round}`);
      assert.not.match(loser.output, 'key.created');
    } finally {
      for (const one of both) await one.kill();
    }
  }
});

test('a second daemon on the same folder, or the same port, is refused in one line', async ({ daemon }) => {
  await daemon.start();
  const [same, busy] = await Promise.all([
    run(['start'], { DATA_DIR: daemon.dir, PORT: '0', LOG_LEVEL: 'fatal' }),
    run(['start'], { DATA_DIR: join(daemon.dir, 'other'), PORT: String(daemon.port), LOG_LEVEL: 'fatal' }),
  ]);
  assert.is(same.code, 1);
  assert.match(same.err, /^event-sink: another .*DATA_DIR.*\n$/);
  assert.is(same.out, '');
  assert.is(busy.code, 1);
  assert.match(busy.err, new RegExp(`^event-sink: cannot listen on .*:${daemon.port}: .*set PORT.*\\n$`));
  assert.is(busy.out, '');
});

test('a reader that goes away is no failure', async () => {
  const child = spawn('sh', ['-c', `"${process.execPath}" "${main}" openapi | head -c 1; echo`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let err = '';
  child.stderr.on('data', chunk => (err += chunk));
  child.stdout.resume();
  await new Promise(resolve => child.once('close', resolve));
  assert.is(err, '');
});

test.run();
