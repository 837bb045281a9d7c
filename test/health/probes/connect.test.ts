import { createServer } from 'node:http';
import type { LookupFunction } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../src/clock.js';
import { connectAttemptMs } from '../../../src/connect-attempts.js';
import { connectOptions } from '../../../src/health/probes/connect.js';
import { type DistantHost, distantHost } from '../../helpers/distant-host.js';
import { runOnce } from '../../helpers/health.js';
import { watchLeaks } from '../../helpers/leaks.js';
import { straight } from '../../helpers/outgoing.js';
import { portOf } from '../../helpers/ports.js';

const test = suite<{ host: DistantHost | undefined }>('connecting to a name with several addresses');
test.after.each(async context => {
  await context.host?.stop();
  context.host = undefined;
});
watchLeaks(test);

const tools = {
  broker: { kind: 'rabbitmq', inspect: async () => undefined },
  clock: systemClock,
  outgoing: straight,
  heartbeats: { judge: () => undefined },
} as const;

for (const scheme of ['http', 'tcp'])
  test(`${scheme}: a slow IPv4 address is not left for an IPv6 address that leads nowhere`, async context => {
    const host = await distantHost();
    context.host = host;
    setTimeout(host.wake, 600);
    const { finding, reason, times } = await runOnce(
      { name: 'clowder', url: `${scheme}://${host.name}:${host.port}`, timeout: 8 },
      { lookup: host.lookup },
    );
    assert.equal([finding, reason], ['up', undefined]);
    assert.ok((times?.average ?? 0) > 0.5, 'its first packet was lost');
  });

test('an address that does not answer leaves time for the next', async context => {
  const host = await distantHost();
  context.host = host;
  const server = createServer((_request, response) => response.end('hello'));
  await new Promise<void>(resolve => server.listen(host.port, '127.0.0.2', resolve));
  assert.is(portOf(server), host.port);
  const lookup: LookupFunction = (_name, _options, callback) =>
    callback(null, [
      { address: '127.0.0.1', family: 4 },
      { address: '127.0.0.2', family: 4 },
    ]);
  const { finding, reason } = await runOnce(
    { name: 'clowder', url: `http://${host.name}:${host.port}`, timeout: 1 },
    { lookup },
  );
  server.closeAllConnections();
  await new Promise(closed => server.close(closed));
  assert.equal([finding, reason], ['up', undefined]);
});

test('a probe gives one address at most half its own timeout, and no more than the process does', () => {
  const attempt = (timeoutMs: number) =>
    connectOptions({ samples: 1, timeoutMs }, tools).autoSelectFamilyAttemptTimeout;
  assert.equal([attempt(1_000), attempt(4_000), attempt(60_000)], [500, 2_000, connectAttemptMs]);
  assert.is(attempt(10), 10, 'the least that Node takes');
});

test.run();
