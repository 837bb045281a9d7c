import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkedEvery } from '../../src/status/services.js';

const actor = (path: string, service: string) => ({
  ...{ path, state: 'running' as const, since: 0, restarts: 0, lastError: undefined, nextTry: undefined },
  detail: { service, target: `heartbeat:${service}` },
});

test('services of the settings, and heartbeats that made themselves, are looked at; others are not', () => {
  const actors = [actor('ingress/health/clowder', 'clowder'), actor('ingress/health/dump', 'dump')];
  const later = actor('ingress/health/later', 'later');
  const watched = checkedEvery([{ name: 'clowder', intervalMs: 10_000 }], 60_000, () => actors);
  assert.equal(
    ['clowder', 'dump', 'later', 'gone'].map(name => watched.get(name)),
    [10_000, 60_000, undefined, undefined],
  );
  actors.push(later, actor('delivery/mongodb', 'gone'));
  assert.equal([watched.get('later'), watched.get('gone')], [60_000, undefined]);
});

test.run();
