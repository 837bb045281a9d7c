// timeout: 180 s
import { copyFileSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../../helpers/daemon.js';
import { type Nginx, startNginx } from '../../helpers/servers/nginx.js';
import { required } from '../../helpers/skip.js';
import { until } from '../../helpers/wait.js';

/** A client that asks for one page after the other, the same ones again and again, until it is told to pause. */
class Load {
  sent = 0;
  #running = false;
  #clients: Promise<void>[] = [];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });

  constructor(readonly nginx: Nginx) {}

  start(): void {
    this.#running = true;
    this.#clients = Array.from({ length: 4 }, async () => {
      while (this.#running) await this.#ask();
    });
  }

  /** Resolves when nginx has answered everything. */
  async pause(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#clients);
  }

  async end(): Promise<void> {
    await this.pause();
    this.#agent.destroy();
  }

  #ask(): Promise<void> {
    this.sent += 1;
    return new Promise((resolve, reject) => {
      const options = { port: this.nginx.port, host: '127.0.0.1', path: '/datasets', agent: this.#agent };
      // A short rest: the point is that lines keep coming, not how many.
      const rest = (): unknown => setTimeout(resolve, 1);
      request(options, answer => answer.resume().once('end', rest))
        .once('error', reject)
        .end();
    });
  }
}

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

/** What nginx itself has written, in these files. */
function lines(files: readonly string[]): number {
  return files.reduce((sum, file) => sum + readFileSync(file).filter(byte => byte === 10).length, 0);
}

function logs({ accessLog }: Nginx): string[] {
  const folder = dirname(accessLog);
  return readdirSync(folder)
    .filter(name => name.startsWith(basename(accessLog)))
    .map(name => join(folder, name));
}

/** Requests in the windows that were closed, and the daemon's own count of all lines. */
async function counted(daemon: TestDaemon): Promise<{ requests: number; lines: unknown }> {
  const events = await daemon.stored('connections');
  assert.is(new Set(events.map(({ id }) => id)).size, events.length, 'an event twice');
  const { actors } = await daemon.json<{ actors: { path: string; detail: { requests: number } }[] }>('/v1/status');
  const actor = actors.find(({ path }) => path.startsWith('ingress/nginx-log/'));
  return { requests: events.reduce((sum, { requests }) => sum + Number(requests), 0), lines: actor?.detail.requests };
}

async function balances(daemon: TestDaemon, expected: number): Promise<void> {
  let seen = await counted(daemon);
  await until(
    async () => {
      seen = await counted(daemon);
      return seen.requests >= expected;
    },
    'every request in a closed window',
    20_000,
    200,
  ).catch(() => undefined);
  await daemon.drained();
  seen = await counted(daemon);
  assert.equal(seen, { requests: expected, lines: expected });
}

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
  await sleep(100);
  const written = lines(logs(nginx));
  assert.is(written, load.sent, 'nginx writes a line for each request');
  assert.is(logs(nginx).length, 21);
  await balances(daemon, written);
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
    await sleep(50);
    const copy = `${nginx.accessLog}.${round + 1}`;
    copyFileSync(nginx.accessLog, copy);
    truncateSync(nginx.accessLog);
    copies.push(copy);
    await sleep(1_100);
    if (down) await daemon.start();
  }
  const written = lines([...copies, nginx.accessLog]);
  assert.is(written, load.sent);
  await balances(daemon, written);
});

test.run();
