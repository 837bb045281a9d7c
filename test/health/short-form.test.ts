import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromText } from '../../src/health/short-form.js';
import { parsed, targetOf } from '../helpers/health.js';

/** Without the prototype that `fromText` leaves out. */
const plain = (item: string): unknown => JSON.parse(JSON.stringify(fromText(item)));

test('words behind an address are the keys of the YAML file', () => {
  assert.equal(
    plain(
      'web=https://h/a?b=c interval=30 method=POST headers.X-Key=0123 expect.status=200|3xx expect.json.n>=3 expect.json.n<10 expect.json.nodes[0].up=true expect.json.v=1.20 threshold.down=3 depends_on=a|b lenient=true',
    ),
    {
      name: 'web',
      url: 'https://h/a?b=c',
      interval: 30,
      method: 'POST',
      headers: { 'X-Key': '0123' },
      expect: { status: '200|3xx', json: { n: { '>=': 3, '<': 10 }, 'nodes[0].up': true, v: 1.2 } },
      threshold: { down: 3 },
      depends_on: 'a|b',
      lenient: true,
    },
  );
  const target = targetOf('files=file:/backups expect.max_age=90000 expect.min_size=1 timeout=5');
  assert.equal(target.check, { path: '/backups', expect: { max_age: 90_000, min_size: 1 } });
  assert.is(target.timeoutMs, 5_000);
});

test('what was an address before there were words still is', () => {
  for (const url of ['queue:a b', 'file:/data/my folder', 'queue:jobs lane=2', 'file:/x a=b interval=3'])
    assert.equal(plain(`a=${url}`), { name: 'a', url });
  assert.equal(plain('a=queue:jobs interval=3'), { name: 'a', url: 'queue:jobs', interval: 3 });
});

test('a word that nobody knows is a problem, as in the YAML file', () => {
  assert.equal(parsed(['a=https://h/ intervall=3']).problems, [
    'HEALTH_TARGETS: target "a" has an unknown key: intervall. Did you mean interval?',
  ]);
  assert.equal(parsed(['a=https://h/ name=b']).problems.length > 0, true);
  assert.equal(parsed(['a=tcp://h:1 expect.body=x']).problems, [
    'HEALTH_TARGETS: target "a" expects body, which is only for http(s)://…',
  ]);
});

test('keys that are no keys of a plain object harm nothing', () => {
  fromText('a=https://h/ expect.__proto__.polluted=1 headers.__proto__=2');
  assert.is(({} as { polluted?: unknown }).polluted, undefined);
});

test.run();
