// timeout: 180 s
import { copyFileSync, truncateSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../../helpers/daemon.js';
import { type Nginx, startNginx } from '../../helpers/servers/nginx.js';
import { required } from '../../helpers/skip.js';
import { countsExactly, Load, logs, writtenIn } from './load.js';

interface Context {
  nginx: Nginx;
  daemon: TestDaemon;
  load: Load;
}

const probe = required('nginx', await startNginx());
await probe.stop();

const test = suite<Context>('rotation');

test.before.each(async context => {
  context.nginx = required('nginx', await startNginx());
  context.load = new Load(context.nginx);
  context.daemon = new TestDaemon({ env: { NGINX_ACCESS_LOG: context.nginx.accessLog, NGINX_WINDOW_SECONDS: '1' } });
});
test.after.each(async ({ nginx, daemon, load }) => {
  await load.end();
  await daemon.remove();
  await nginx.stop();
});

test('twenty rotations under load, and the daemon killed at random: the requests are those that nginx wrote', async ({
  nginx,
  daemon,
  load,
}) => {
  await daemon.start();
  load.start();
  for (let rotation = 0; rotation < 20; rotation += 1) {
    await sleep(40 + ((rotation * 97) % 300));
    const killed = rotation % 3 === 1;
    if (killed) await daemon.kill('SIGKILL');
    await nginx.rotate();
    if (killed) {
      await sleep((rotation * 53) % 200);
      await daemon.start();
    } else if (rotation % 5 === 0) {
      await daemon.kill('SIGKILL');
      await daemon.start();
    }
  }
  await sleep(200);
  await load.pause();
  await writtenIn(() => logs(nginx), load);
  assert.is(logs(nginx).length, 21);
  await countsExactly(daemon, load.sent);
  assert.is(await daemon.kill('SIGTERM'), 0);
});

test('copytruncate in quiet moments, also while the daemon is down', async ({ nginx, daemon, load }) => {
  const copies: string[] = [];
  await daemon.start();
  for (let round = 0; round < 6; round += 1) {
    load.start();
    await sleep(150 + round * 30);
    const down = round % 2 === 1;
    // Killed under load: what was counted and not committed is only in the copy.
    if (down) await daemon.kill('SIGKILL');
    await load.pause();
    await writtenIn(() => [...copies, nginx.accessLog], load);
    const copy = `${nginx.accessLog}.${round + 1}`;
    copyFileSync(nginx.accessLog, copy);
    truncateSync(nginx.accessLog);
    copies.push(copy);
    await sleep(1_100);
    if (down) await daemon.start();
  }
  await countsExactly(daemon, load.sent);
});

test.run();
