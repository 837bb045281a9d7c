import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { askStubStatus, readStubStatus } from '../../../src/nginx/stub-status/stub-status.js';

const answer =
  'Active connections: 291 \nserver accepts handled requests\n 16630948 16630947 31070465 \nReading: 6 Writing: 179 Waiting: 106 \n';
const numbers = {
  ...{ active: 291, accepted: 16_630_948, handled: 16_630_947, requests: 31_070_465 },
  ...{ reading: 6, writing: 179, waiting: 106 },
};

async function ask(listener: RequestListener, signal = AbortSignal.timeout(60_000)) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    return await askStubStatus(`http://127.0.0.1:${port}/status`, { fetch }, signal);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function refused(listener: RequestListener, signal?: AbortSignal): Promise<string> {
  return ask(listener, signal).then(
    () => 'it was taken',
    error => String(error.message),
  );
}

test('what nginx and Tengine say is read', () => {
  assert.equal(readStubStatus(answer), numbers);
  const tengine = answer.replace('requests\n', 'requests request_time\n').replace('31070465 ', '31070465 12345 ');
  assert.equal(readStubStatus(tengine), numbers);
});

test('anything else is not', () => {
  for (const text of ['', '<html>', 'x'.repeat(100_000), answer.replace('291', '-1'), answer.slice(0, 60)])
    assert.throws(() => readStubStatus(text), /something else than stub_status/);
  assert.throws(() => readStubStatus(answer.replace('31070465', '9'.repeat(400))), /something else/);
});

test('nginx is asked under the name of the health checks, which its log does not count', async () => {
  let headers = {};
  const status = await ask((request, response) => {
    ({ headers } = request);
    response.end(answer);
  });
  assert.equal(status, numbers);
  assert.match(JSON.stringify(headers), /"user-agent":"event-sink\/\S+ \(health\)"/);
});

test('refusals, redirects, endless and silent answers are said in words', async () => {
  assert.is(await refused((_, response) => response.writeHead(403).end()), 'it answers 403');
  assert.is(await refused((_, response) => response.writeHead(302, { location: '/' }).end()), 'it answers 302');
  const endless: RequestListener = (_, response) => {
    const send = (): void => void (response.writable && response.write('x'.repeat(60_000), send));
    send();
  };
  assert.match(await refused(endless), /something else than stub_status/);
  assert.match(await refused(() => {}, AbortSignal.timeout(50)), /timeout/);
});

test.run();
