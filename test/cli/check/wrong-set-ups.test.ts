// timeout: 300 s
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Finding } from '../../../src/cli/check/attempt.js';
import { sentence } from '../../../src/cli/check/report.js';
import { systemClock } from '../../../src/clock.js';
import { nobody } from '../../helpers/running.js';
import { skipped } from '../../helpers/skip.js';
import { invoke, type Outcome } from '../invoke.js';
import { startServers } from './set-up-servers.js';
import { secret, type WrongSetUp, wrongSetUps } from './wrong-set-ups.js';

const servers = await startServers(secret);
const test = suite<{ dir: string }>('wrong set-ups');
test.before.each(context => {
  context.dir = mkdtempSync(join(tmpdir(), 'event-sink-check-'));
  chmodSync(context.dir, 0o777);
});
test.after.each(context => rmSync(context.dir, { recursive: true }));
test.after(() => servers.stop());

function check(words: readonly string[], env: Record<string, string>, dir: string): Promise<Outcome> {
  return invoke(['check', ...words], { env: { DATA_DIR: join(dir, 'data'), PORT: '0', ...env }, clock: systemClock });
}

/** All modules are loaded by then: a user who may do little need not be able to read them. */
async function as<Result>(user: typeof nobody, work: () => Promise<Result>): Promise<Result> {
  if (user === undefined) return work();
  process.setegid?.(user.gid);
  process.seteuid?.(user.uid);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

test('what is right is not called wrong, though it is all there is', async ({ dir }) => {
  const { rabbitmq, mongodb, influxdb, amplitude, page, at } = servers;
  const env = {
    RABBITMQ_URI: `amqp://everything:${secret}@127.0.0.1:${rabbitmq.port}`,
    RABBITMQ_QUEUE_TYPE: 'classic',
    MONGODB_URI: `mongodb://ann:${secret}@127.0.0.1:${mongodb.port}/clowder?authSource=admin`,
    ...influxdb('admin', secret, 'not-yet-there'),
    ...amplitude('key-of-the-project'),
    HEALTH_TARGETS: `page=${page},waiting=queue:event-sink.amplitude`,
    NGINX_ACCESS_LOG: at('text.log'),
  };
  const { code, out } = await check([], env, dir);
  assert.is(code, 0, out);
  assert.match(out, /\nnot tried {2}Amplitude +store an event: Amplitude cannot take one back\n/);
  assert.not.match(out, secret);
  // Nothing was made for it.
  assert.equal(mongodb.collection('clowder', 'events').indexes.length, 1);
  assert.not.match(await rabbitmq.ctl('list_queues', 'name'), /event-sink\.(mongodb|check)/);
});

for (const setUp of wrongSetUps) {
  const { name, setting, reason, fix, written, asNobody } = setUp;
  if (asNobody && nobody === undefined) {
    skipped(name, 'only root can become somebody who may do less');
    continue;
  }
  test(name, async ({ dir }) => {
    const { out, err, code } = await as(asNobody ? nobody : undefined, () => check(['--json'], envOf(setUp), dir));
    const findings = out.split('\n').map(line => JSON.parse(line) as Finding);
    const sentences = findings.filter(({ outcome }) => outcome === 'wrong').map(sentence);
    assert.is(code, written ? 2 : 1, out);
    assert.is(sentences.length, 1, sentences.join('\n'));
    const [said = ''] = sentences;
    assert.ok(said.startsWith(`${setting}: `), said);
    assert.match(said, reason);
    assert.match(said, fix);
    assert.not.match(said, /\n|undefined|\bat \S+:\d+:\d+/);
    assert.not.match(out + err, secret);
  });
}

const full = mkdtempSync(join(tmpdir(), 'event-sink-check-full-'));
if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', full]).status === 0) {
  test.after(() => {
    spawnSync('umount', [full]);
    rmSync(full, { recursive: true });
  });
  test('a disk that is full', async ({ dir }) => {
    const { code, out } = await check([], { DATA_DIR: full }, dir);
    assert.is(code, 1);
    assert.match(
      out,
      /DATA_DIR: the disk of \S+ is full: 4 MB are free: make room for more than 16 MB, or name a folder/,
    );
  });
} else {
  rmSync(full, { recursive: true });
  skipped('a disk that is full', 'only root can mount a small file system');
}

function envOf({ env }: WrongSetUp): Record<string, string> {
  return env(servers);
}

test('there are at least thirty', () => {
  assert.ok(wrongSetUps.length >= 30);
  assert.is(new Set(wrongSetUps.map(({ name }) => name)).size, wrongSetUps.length);
});

test.run();
