import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Finding } from '../../../src/cli/check/attempt.js';
import { portOf } from '../../helpers/ports.js';
import { invoke } from '../invoke.js';

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
  const { code, out } = await invoke(['check', '--json'], { env });
  assert.is(code, 0, out);
  assert.equal(
    findings(out).map(({ dependency, outcome }) => [dependency, outcome]),
    [
      ['data folder', 'ok'],
      ['listener', 'ok'],
      ['NGINX log', 'ok'],
    ],
  );
  assert.equal(readdirSync(dir), ['access.log']);
  const shown = await invoke(['check'], { env });
  assert.match(shown.out, /^ok {9}data folder {2}/);
  assert.match(shown.out, /\nAll is well\.$/);
});

test('a line for each, then what to do', async ({ dir }) => {
  writeFileSync(join(dir, 'file'), '');
  const taken = createServer(socket =>
    socket
      .on('error', () => {})
      .resume()
      .end('this is no HTTP\n'),
  );
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve));
  const env = {
    DATA_DIR: join(dir, 'file', 'data'),
    PORT: String(portOf(taken)),
    NGINX_ACCESS_LOG: join(dir, 'gone.log'),
    RABBITMQ_URI: 'amqp://user:hunter2@127.0.0.1:1',
  };
  const { code, out } = await invoke(['check', '--json'], { env });
  const shown = await invoke(['check'], { env });
  await new Promise(resolve => taken.close(resolve));
  assert.is(code, 1);
  assert.is(shown.code, 1);
  const wrong = findings(out).filter(({ outcome }) => outcome === 'wrong');
  assert.equal(
    wrong.map(({ setting }) => setting),
    ['DATA_DIR', 'PORT', 'RABBITMQ_URI', 'NGINX_ACCESS_LOG'],
  );
  assert.equal(
    findings(out).flatMap(({ outcome, tried }) => (outcome === 'not tried' ? [tried] : [])),
    [
      'may declare, bind, publish and consume',
      'exchange clowder.metrics',
      'queue event-sink.local',
      'queue event-sink.usage',
      'a message through a temporary queue',
    ],
  );
  const [lines = '', advice = ''] = shown.out.split('\n\nWhat to do:\n');
  assert.is(lines.split('\n').length, findings(out).length);
  assert.is(advice.split('\n').length, wrong.length);
  assert.not.match(out + shown.out, 'hunter2');
});

test('wrong settings end it with 2 and the report, or the same as data', async () => {
  const env = { PORT: 'x', LOG_LEVEL: 'loud' };
  const { code, err } = await invoke(['check'], { env });
  assert.is(code, 2);
  assert.match(err, '2 settings are wrong');
  const asData = await invoke(['check', '--json'], { env });
  assert.is(asData.code, 2);
  assert.equal(
    findings(asData.out).map(({ setting }) => setting),
    ['PORT', 'LOG_LEVEL'],
  );
});

test.run();
