// timeout: 60 s
import { once } from 'node:events';
import { connect } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../../helpers/daemon.js';
import { startNginx } from '../../helpers/servers/nginx.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';

const nginx = required(
  'nginx',
  await startNginx({ server: "location = /status { stub_status; } location / { return 200 'x'; }" }),
);
const daemon = new TestDaemon({
  env: { NGINX_STATUS_URL: `${nginx.url}/status`, NGINX_WINDOW_SECONDS: '1' },
});

const test = suite('connections that are open, by a real nginx');
test.after(async () => {
  await daemon.remove();
  await nginx.stop();
});

test('windows say what is open and what was asked, and a nginx that is gone is a problem in words', async () => {
  const sockets = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const socket = connect(nginx.port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    }),
  );
  await daemon.start();
  const open = await until(async () => {
    const found = await daemon.stored('connections');
    return found.find(({ connections_active_max }) => Number(connections_active_max) >= 6);
  }, 'a window with the open connections');
  assert.is(open.type, 'open');
  assert.ok(Number(open.samples) >= 1);
  for (const socket of sockets) socket.destroy();
  for (let number = 0; number < 20; number += 1) await (await fetch(nginx.url)).text();
  await until(async () => {
    const found = await daemon.stored('connections');
    return found.reduce((sum, { server_requests }) => sum + Number(server_requests), 0) >= 20;
  }, 'the requests');
  await nginx.stop();
  await until(async () => {
    const { problems } = await daemon.json('/v1/status');
    return problems.some(({ what }) => /nginx does not say how many connections are open/.test(what));
  }, 'the problem');
});

test.run();
