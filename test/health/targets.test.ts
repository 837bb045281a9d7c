import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadConfig } from '../../src/config/load.js';
import { probes } from '../../src/health/probes/registry.js';
import { parsed, targetOf } from '../helpers/health.js';

const forms = new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(probes.map(({ form }) => form));

test('a target is name=address; what it does not say is the default', () => {
  const target = targetOf('clowder=https://clowder.example.org/healthz', { intervalMs: 30_000, timeoutMs: 10_000 });
  const { probe, ...rest } = target;
  assert.is(probe.kind, 'http');
  assert.equal(rest, {
    name: 'clowder',
    check: {
      url: 'https://clowder.example.org/healthz',
      method: 'GET',
      headers: {},
      redirects: 0,
      lenient: false,
      expect: { status: [[200, 399]], headers: [], json: [] },
      proxy: false,
    },
    address: 'https://clowder.example.org/healthz',
    intervalMs: 30_000,
    timeoutMs: 10_000,
    samples: 1,
    threshold: { down: 2, up: 2 },
    slowMs: undefined,
    lossPercent: 99,
    flapping: true,
    recheckMs: undefined,
    dependsOn: [],
    maintenance: [],
    recurringMaintenance: [],
    group: undefined,
    isPublic: true,
    secrets: [],
  });
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
  const { headers, expect } = target.check;
  assert.equal(headers, { 'X-API-Key': '12345' });
  const { json, headers: noneExpected, ...others } = expect as { json: { name: string }[]; headers: unknown[] };
  assert.equal([json.map(({ name }) => name), noneExpected], [['a.b'], []]);
  assert.equal(others, {
    status: [
      [200, 200],
      [300, 399],
    ],
    body: 'ok',
  });
});

test('a timeout is never longer than the interval by itself', () => {
  assert.is(targetOf({ name: 'a', url: 'tcp://h:1', interval: 2 }).timeoutMs, 2_000);
});

test('everything that is wrong is reported at once, with its target', () => {
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
    { name: 'm', headers: { a: 'b' } },
    { name: 'n', url: 'gopher://h', interval: 0, expect: { body: 'x' } },
    { name: 'o', url: 'queue:q', samples: 2 },
  ]);
  assert.equal(
    targets.map(({ name }) => name),
    ['a'],
  );
  assert.equal(
    problems.map(problem => problem.replace('HEALTH_TARGETS: ', '')),
    [
      'target "a" is there twice',
      'target 3 must be name=address. A comma separates targets: inside a URL write %2C, and put any other address that has one into the YAML file',
      `target "b" must be ${forms}`,
      'target "c" must be tcp://host:port, with a port from 1 to 65535',
      'target "d" must name a queue of 1 to 255 bytes, as queue:NAME',
      'target "e" must name a path from the root, as file:/path',
      'target "f" is not a URL that can be read',
      'target "g" has every, which is only for heartbeat:NAME',
      'target "g" has an unknown key: timout. Did you mean timeout?',
      'target "h" expect.status must be a status such as 200, 2xx or 200-204, or a list of them',
      'target "h" has an unknown key in expect: josn. Did you mean json?',
      'target "i" has a timeout of 61 s, longer than its interval of 60 s',
      'target "j" expects body, which is only for http(s)://…',
      'target "j" has headers, which is only for http(s)://…',
      'target 13 name is missing',
      'target "k" samples must be a whole number from 1 to 100',
      'target "k" headers has a name or a value that HTTP cannot carry: bad name',
      'target "l" maintenance.0 must end after it begins',
      'target 16 must be name=address, or a mapping with name and url',
      'target "m" url is missing',
      'target "n" interval must be at least 1 s',
      `target "n" must be ${forms}`,
      'target "o" samples must be 1',
    ],
  );
});

test('what is not a host is refused: no options, no shell, no paths', () => {
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

test('the examples of the documentation are right', () => {
  const page = readFileSync('docs/health.md', 'utf8');
  const [, file = ''] = /```yaml\n(health:[\s\S]*?)```/.exec(page) ?? [];
  const [, variable = ''] = /^HEALTH_TARGETS=(\S+)$/m.exec(page) ?? [];
  const proxy = { HTTPS_PROXY: 'http://proxy.example.org:3128' };
  for (const env of [{ EVENT_SINK_CONFIG: 'config.yaml' }, { HEALTH_TARGETS: variable }]) {
    const loaded = loadConfig({ env: { ...env, ...proxy }, readFile: () => file });
    assert.not('problems' in loaded, JSON.stringify(loaded));
    assert.ok('config' in loaded && loaded.config.health.targets.length >= 3);
  }
});

test.run();
