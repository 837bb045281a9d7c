import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Finding, type Probe, runProbes } from '../../src/cli/probe.js';
import { systemClock } from '../../src/clock.js';
import { invoke } from './invoke.js';

const test = suite<{ dir: string }>('check');
test.before.each(context => {
  context.dir = mkdtempSync(join(tmpdir(), 'event-sink-check-'));
});
test.after.each(context => rmSync(context.dir, { recursive: true }));

const findings = (out: string): Finding[] => out.split('\n').map(line => JSON.parse(line) as Finding);

test('all is well, and nothing is left behind', async ({ dir }) => {
  const log = join(dir, 'access.log');
  writeFileSync(log, '');
  const env = { DATA_DIR: join(dir, 'new', 'data'), PORT: '0', NGINX_ACCESS_LOG: log };
  const { code, out } = await invoke(['check'], { env });
  assert.is(code, 0, out);
  assert.equal(
    findings(out).map(finding => [finding.dependency, finding.ok]),
    [
      ['data folder', true],
      ['listener', true],
      ['NGINX log', true],
    ],
  );
  assert.equal(readdirSync(dir), ['access.log']);
  assert.match((await invoke(['check'], { env, onTerminal: true })).out, 'All is well.');
});

test('every failure says what was tried and how to fix it', async ({ dir }) => {
  writeFileSync(join(dir, 'file'), '');
  const taken = createServer(socket => socket.resume().end('this is no HTTP\n'));
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as AddressInfo;
  const env = {
    DATA_DIR: join(dir, 'file', 'data'),
    PORT: String(port),
    NGINX_ACCESS_LOG: join(dir, 'gone.log'),
    RABBITMQ_URI: 'amqp://user:hunter2@127.0.0.1:1',
  };
  const { code, out } = await invoke(['check'], { env });
  const shown = await invoke(['check'], { env, onTerminal: true });
  await new Promise(resolve => taken.close(resolve));
  assert.is(code, 1);
  for (const finding of findings(out)) {
    assert.is(finding.ok, false, finding.dependency);
    assert.ok(finding.fix.length > 10 && finding.result.length > 5);
  }
  assert.is(findings(out).length, 4);
  assert.not.match(out + shown.out, 'hunter2');
  assert.match(shown.out, /DEPENDENCY +TRIED +RESULT +HOW TO FIX IT/);
  assert.match(shown.out, '4 of 4 failed');
});

test('wrong settings end it with the report', async () => {
  const { code, err } = await invoke(['check'], { env: { PORT: 'x', LOG_LEVEL: 'loud' } });
  assert.is(code, 2);
  assert.match(err, '2 settings are wrong');
});

test('a probe that ignores the signal is given up', async () => {
  const deaf: Probe = { dependency: 'x', tried: 'y', fix: 'z', run: () => new Promise(() => {}) };
  const [finding] = await runProbes([deaf], { ...systemClock, sleep: async () => {} });
  assert.equal(finding, { dependency: 'x', tried: 'y', fix: 'z', ok: false, result: 'no answer within 5 s' });
});

test.run();
