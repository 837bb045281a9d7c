import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadConfig } from '../../src/config/load.js';
import { parsed, targetOf } from './probes/looking.js';

test('a target is name=address; what it does not say is the default', () => {
  const target = targetOf('clowder=https://clowder.example.org/healthz', { intervalMs: 30_000, timeoutMs: 10_000 });
  assert.equal(target, {
    name: 'clowder',
    check: {
      kind: 'http',
      url: 'https://clowder.example.org/healthz',
      headers: {},
      ca: undefined,
      expect: { status: [[200, 399]], body: undefined, json: {} },
    },
    address: 'https://clowder.example.org/healthz',
    intervalMs: 30_000,
    timeoutMs: 10_000,
    samples: 1,
    threshold: { down: 2, up: 2 },
    slowMs: undefined,
    lossPercent: 99,
    maintenance: [],
    secrets: [],
  });
});

test('each kind of address is understood', () => {
  const check = (address: string) => targetOf(`a=${address}`).check;
  assert.equal(check('tcp://db.example.org:27017'), { kind: 'tcp', host: 'db.example.org', port: 27_017 });
  assert.equal(check('tcp://[::1]:5672'), { kind: 'tcp', host: '::1', port: 5_672 });
  const expect = { messages: undefined, consumers: undefined };
  assert.equal(check('queue:error.ncsa.image preview'), { kind: 'queue', queue: 'error.ncsa.image preview', expect });
  assert.equal(check('file:/data/.alive'), { kind: 'file', path: '/data/.alive' });
  assert.equal(check('file:///data'), { kind: 'file', path: '/data' });
  assert.equal(check('ping:gateway.example.org'), { kind: 'ping', host: 'gateway.example.org' });
  assert.equal(check('ping:2001:db8::1'), { kind: 'ping', host: '2001:db8::1' });
  assert.is(targetOf('a=ping:192.0.2.1').samples, 5);
});

test('the file says more: everything about a target', () => {
  const target = targetOf({
    name: 'data disk',
    url: 'http://127.0.0.1/status',
    expect: { status: [200, '3xx'], body: 'ok', json: { 'a.b': 1 } },
    headers: { 'X-API-Key': 12345 },
    interval: 10,
    timeout: 10,
    samples: 3,
    threshold: { down: 3 },
    slow: 0.5,
    loss: 40,
    maintenance: [{ from: '2026-03-05T06:00:00Z', until: '2026-03-05T08:00:00Z', message: 'upgrade' }],
  });
  assert.equal(target.threshold, { down: 3, up: 2 });
  assert.equal([target.intervalMs, target.timeoutMs, target.slowMs, target.lossPercent], [10_000, 10_000, 500, 40]);
  assert.equal(target.maintenance, [{ from: 1_772_690_400_000, until: 1_772_697_600_000, message: 'upgrade' }]);
  assert.is(target.check.kind === 'http' && target.check.headers['X-API-Key'], '12345');
});

test('a timeout is never longer than the interval by itself', () => {
  assert.is(targetOf({ name: 'a', url: 'tcp://h:1', interval: 2 }).timeoutMs, 2_000);
});

test('everything that is wrong is said at once, and of which target', () => {
  const { targets, problems } = parsed([
    'a=tcp://h:1',
    'a=tcp://h:2',
    'nonsense',
    'b=ftp://h',
    'c=tcp://h',
    'd=queue:',
    'e=file:relative',
    'f=https://',
    { name: 'g', url: 'tcp://h:1', every: 5, timout: 3 },
    { name: 'h', url: 'https://h', expect: { status: 'fine', josn: {} } },
    { name: 'i', url: 'https://h', timeout: 61 },
    { name: 'j', url: 'tcp://h:1', headers: { a: 'b' }, expect: { body: 'x' } },
    { url: 'tcp://h:1' },
    { name: 'k', url: 'https://h', headers: { 'bad name': 'x' }, samples: 0 },
    { name: 'l', url: 'tcp://h:1', maintenance: [{ from: '2026-03-05', until: '2026-03-04' }] },
    7,
  ]);
  assert.equal(
    targets.map(({ name }) => name),
    ['a'],
  );
  assert.equal(
    problems.map(problem => problem.replace('HEALTH_TARGETS: ', '')),
    [
      'target "a" is there twice',
      'target 3 must be name=address (a comma inside an address is written %2C)',
      'target "b" must be http(s)://…, tcp://host:port, queue:NAME, file:PATH or ping:HOST',
      'target "c" must be tcp://host:port, with a port from 1 to 65535',
      'target "d" must name a queue of 1 to 255 bytes, as queue:NAME',
      'target "e" must name a path from the root, as file:/path',
      'target "f" is no URL that can be read',
      'target 9 has a key that is not known: every; has a key that is not known: timout. Did you mean timeout?',
      'target 10 expect.status must be a status such as 200 or 2xx, or a list of them',
      'target 10 has in expect a key that is not known: josn',
      'target "i" has a timeout of 61 s, longer than its interval of 60 s',
      'target "j" cannot expect body: that is for http(s)',
      'target "j" cannot have headers: they are for http(s)',
      'target 13 name is missing',
      'target 14 headers has a name or a value that HTTP cannot carry: bad name',
      'target 14 samples must be at least 1',
      'target 15 maintenance.0 must end after it begins',
      'target 16 must be name=address, or a mapping with name and url',
    ],
  );
});

test('hosts that are no hosts are refused: no options, no shell, no paths', () => {
  for (const host of [
    '-f',
    '-c9 h',
    'h;reboot',
    '$(id)',
    'a b',
    'h|x',
    '`id`',
    '../x',
    '',
    'h\n-f',
    'a..b',
    '.',
    '-',
  ]) {
    assert.equal(parsed([`a=ping:${host}`]).targets, [], host);
    assert.equal(parsed([{ name: 'a', url: `tcp://${host}:1` }]).targets, [], host);
  }
});

test('no problem shows an address', () => {
  const secret = 'hunter22';
  const { problems, targets } = parsed([
    `https://ann:${secret}@h/?a=b`,
    `https://h/${secret}`,
    `a=ftp://ann:${secret}@h`,
    `b=https://ann:${secret}@h:99999/`,
    { name: `https://ann:${secret}@h`, url: 'tcp://h:1' },
    { name: 'c', url: `tcp://ann:${secret}@h:1` },
    { name: 'd', url: 'https://h', headers: { Authorization: `${secret}\n` } },
  ]);
  assert.equal(targets, []);
  assert.is(problems.length, 7);
  for (const problem of problems) assert.not.match(problem, secret);
});

test('the examples of the README are right', () => {
  const readme = readFileSync('README.md', 'utf8');
  const [, file = ''] = /```yaml\n(health:[\s\S]*?)```/.exec(readme) ?? [];
  const [, variable = ''] = /^HEALTH_TARGETS=(\S+)$/m.exec(readme) ?? [];
  for (const env of [{ EVENT_SINK_CONFIG: 'config.yaml' }, { HEALTH_TARGETS: variable }]) {
    const loaded = loadConfig({ env, readFile: () => file });
    assert.not('problems' in loaded, JSON.stringify(loaded));
    assert.ok('config' in loaded && loaded.config.health.targets.length >= 3);
  }
});

test.run();
