import { createServer, type Server } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parsed, runOnce, targetOf } from '../../helpers/health.js';
import { watchLeaks } from '../../helpers/leaks.js';
import { freePort, portOf } from '../../helpers/ports.js';

const test = suite('tcp probe');
watchLeaks(test);

async function listening(): Promise<Server> {
  const server = createServer(socket => socket.on('error', () => {}).end());
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return server;
}

test('a host and a port make an address; an IPv6 address stands in brackets', () => {
  const { check, address } = targetOf('db=tcp://db.example.org:27017');
  assert.equal([check, address], [{ host: 'db.example.org', port: 27_017, expect: {} }, 'db.example.org:27017']);
  const v6 = targetOf('broker=tcp://[::1]:5672');
  assert.equal([v6.check, v6.address], [{ host: '::1', port: 5_672, expect: {} }, '[::1]:5672']);
  for (const wrong of ['tcp://h', 'tcp://h:0', 'tcp://h:1/path', 'tcp://ann:hunter22@h:1', 'tcp://h:99999'])
    assert.equal(parsed([`a=${wrong}`]).problems, [
      'HEALTH_TARGETS: target "a" must be tcp://host:port, with a port from 1 to 65535',
    ]);
});

test('a port that takes connections is up, one that does not is down', async () => {
  const server = await listening();
  const { finding, times } = await runOnce(`db=tcp://127.0.0.1:${portOf(server)}`);
  assert.is(finding, 'up');
  assert.ok((times?.average ?? 0) > 0);
  await new Promise(closed => server.close(closed));
  assert.is((await runOnce(`db=tcp://127.0.0.1:${await freePort()}`)).reason, 'connection refused');
  assert.match((await runOnce('db=tcp://name.invalid:5432')).reason ?? '', /^DNS failure/);
});

test.run();
