import { readdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { basename, dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import type { TestDaemon } from '../../helpers/daemon.js';
import type { Nginx } from '../../helpers/servers/nginx.js';
import { until } from '../../helpers/wait.js';

/** A client that asks for one page after the other, the same ones again and again, until it is paused. */
export class Load {
  sent = 0;
  #running = false;
  #clients: Promise<void>[] = [];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });
  readonly #nginx: Nginx;

  constructor(nginx: Nginx) {
    this.#nginx = nginx;
  }

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
      const options = { port: this.#nginx.port, host: '127.0.0.1', path: '/datasets', agent: this.#agent };
      // A short rest: the point is that lines keep coming, not how many.
      const rest = (): unknown => setTimeout(resolve, 1);
      request(options, answer => answer.resume().once('end', rest))
        .once('error', reject)
        .end();
    });
  }
}

/** The log and everything that was made of it. */
export function logs({ accessLog }: Nginx): string[] {
  const folder = dirname(accessLog);
  return readdirSync(folder)
    .filter(name => name.startsWith(basename(accessLog)))
    .map(name => join(folder, name));
}

/** What nginx itself has written in these files. */
function lines(files: readonly string[]): number {
  return files.reduce((sum, file) => sum + readFileSync(file).filter(byte => byte === 10).length, 0);
}

/** Resolves when nginx has written a line for each request: it does so after it has answered. */
export async function writtenIn(files: () => readonly string[], { sent }: Load): Promise<void> {
  await until(() => lines(files()) >= sent, 'a line for each request');
  assert.is(lines(files()), sent);
}

/** Requests in the windows that were closed and stored, and the daemon's own count of all lines. */
async function counted(daemon: TestDaemon): Promise<{ requests: number; lines: number }> {
  const events = await daemon.stored('connections');
  assert.is(new Set(events.map(({ id }) => id)).size, events.length, 'an event twice');
  const { actors } = await daemon.json('/v1/status');
  const actor = actors.find(({ path }) => path.startsWith('ingress/nginx-log/'));
  const requests = events.reduce((sum, event) => sum + Number(event.requests), 0);
  return { requests, lines: Number(actor?.detail.requests ?? 0) };
}

/** Waits until this many requests have arrived, and sees that there are not more. */
export async function countsExactly(daemon: TestDaemon, expected: number): Promise<void> {
  const enough = async (): Promise<boolean> => (await counted(daemon)).requests >= expected;
  // What is missing shows below, in numbers.
  await until(enough, 'every request', 60_000, 200).catch(() => undefined);
  await daemon.drained();
  assert.equal(await counted(daemon), { requests: expected, lines: expected });
}
