import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { shutdownSettings } from '../../src/config/shutdown.js';
import { findProgram } from '../helpers/running.js';
import { temporaryFolder } from '../helpers/temporary.js';

const patience = Number(shutdownSettings.shutdownMs.schema.parse(undefined)) / 1000;
const unit = readFileSync('deploy/event-sink.service', 'utf8');
const dockerfile = readFileSync('deploy/Dockerfile', 'utf8');

test('systemd waits longer for the daemon to end than the daemon takes', () => {
  assert.ok(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]) > patience);
});

test('systemd hears from the daemon, and bounds what it may take', () => {
  assert.match(unit, /^NotifyAccess=all$/m);
  assert.match(unit, /^WatchdogSec=60$/m);
  for (const limit of ['MemoryMax', 'TasksMax', 'LimitNOFILE'])
    assert.match(unit, new RegExp(`^${limit}=\\d+G?$`, 'm'));
});

test('systemd starts the daemon only where the disks of the program and of its data are mounted', () => {
  const [, paths = ''] = /^RequiresMountsFor=(.+)$/m.exec(unit) ?? [];
  const [, data = 'no DATA_DIR'] = /^Environment=.*DATA_DIR=(\S+)/m.exec(unit) ?? [];
  const [, program = 'no program'] = /^ExecStart=.* (\S+)\/dist\/src\/main\.js/m.exec(unit) ?? [];
  assert.equal(paths.split(' ').sort(), [data, program].sort());
});

// Nothing that the tests install brings systemd or logrotate: these two tests are there where the programs are.
const analyze = findProgram('systemd-analyze');
if (analyze !== undefined) {
  test('systemd understands the unit and finds it well confined', () => {
    const folder = temporaryFolder();
    const file = join(folder.path, 'event-sink.service');
    // Both must exist, here as on the machine that the unit is for.
    writeFileSync(file, unit.replaceAll('/usr/bin/node', process.execPath).replaceAll('/opt/event-sink', resolve('.')));
    const verify = spawnSync(analyze, ['verify', file], { encoding: 'utf8' });
    assert.is(verify.stdout + verify.stderr, '');
    assert.is(verify.status, 0);
    const security = spawnSync(analyze, ['security', '--offline=true', '--threshold=16', file], { encoding: 'utf8' });
    assert.is(security.status, 0, security.stdout.slice(-500));
    folder.remove();
  });
}

const logrotate = findProgram('/usr/sbin/logrotate', 'logrotate');
if (logrotate !== undefined) {
  test('logrotate understands the rotation', () => {
    const { stdout, stderr } = spawnSync(logrotate, ['--debug', 'deploy/logrotate/nginx'], { encoding: 'utf8' });
    assert.not.match(stdout + stderr, /error(?!\.log)/i);
  });
}

test('the image runs as an ordinary user, is checked without curl, and has what the daemon reads', () => {
  assert.match(dockerfile, /^USER node$/m);
  assert.match(dockerfile, /^HEALTHCHECK [\s\S]*CMD \["node", /m);
  assert.not.match(dockerfile, /curl|wget/);
  const [, final = ''] = dockerfile.split(/^FROM \$\{BASE\}$/m);
  for (const needed of ['dist', 'node_modules', 'package.json', 'openapi', 'fixtures/events']) {
    assert.match(final, new RegExp(`^COPY .*${needed}`, 'm'));
  }
});

test('what the image is built of is here, and .dockerignore lets it through', () => {
  const letThrough = new Set([...readFileSync('.dockerignore', 'utf8').matchAll(/^!(.+)$/gm)].map(([, name]) => name));
  for (const [, sources = ''] of dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)) {
    for (const source of sources.split(' ')) {
      assert.ok(existsSync(source), source);
      assert.ok(letThrough.has(source.split('/')[0]), source);
    }
  }
});

test('the check of the image tells a daemon that answers from none', () => {
  const [, words = '[]'] = /CMD (\["node", .*"healthcheck"\])$/m.exec(dockerfile) ?? [];
  const [, program = '', ...rest] = JSON.parse(words) as string[];
  assert.is(program, '/app/dist/src/main.js');
  const { status } = spawnSync(process.execPath, ['dist/src/main.js', ...rest], { env: { PORT: '1' } });
  assert.is(status, 1);
});

test('logs are renamed and made anew, never copied and cut', () => {
  const text = readFileSync('deploy/logrotate/nginx', 'utf8');
  assert.match(text, /^\s+create /m);
  assert.not.match(text, /^\s+copytruncate/m);
});

test.run();
