// timeout: 180 s
// shares: rabbitmq
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import { TestDaemon } from '../../helpers/daemon.js';
import { startNginx } from '../../helpers/servers/nginx.js';
import { sharedRabbitMQ } from '../../helpers/servers/rabbitmq.js';
import { required } from '../../helpers/skip.js';
import { countsExactly, Load, logs, writtenIn } from './load.js';

const rabbitmq = required('rabbitmq', await sharedRabbitMQ());
const nginx = required('nginx', await startNginx());
const load = new Load(nginx);
const daemon = new TestDaemon({
  env: {
    RABBITMQ_URI: rabbitmq.uri,
    NGINX_ACCESS_LOG: nginx.accessLog,
    NGINX_WINDOW_SECONDS: '1',
    NGINX_TRAFFIC_EVENTS: 'on',
  },
});

test('with RabbitMQ in between, and the daemon killed at random, the requests are those that nginx wrote', async () => {
  await daemon.start();
  load.start();
  for (let round = 0; round < 5; round += 1) {
    await sleep(300 + ((round * 171) % 500));
    await daemon.kill('SIGKILL');
    await nginx.rotate();
    await daemon.start();
  }
  await load.pause();
  await writtenIn(() => logs(nginx), load);
  await countsExactly(daemon, load.sent);
});

test.after(async () => {
  await load.end();
  await daemon.remove();
  await nginx.stop();
  await rabbitmq.stop();
});

test.run();
