import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Message } from '../../../src/events/message.js';
import { StubStatusPoller } from '../../../src/nginx/stub-status/poller.js';
import { type SavedServerWindows, ServerWindows } from '../../../src/nginx/stub-status/server-windows.js';
import { ManualClock, settled } from '../../helpers/manual-clock.js';

/** An nginx with a database behind the poller, both of which can fail. */
class Scene {
  readonly clock = new ManualClock();
  readonly events: Record<string, unknown>[] = [];
  readonly faults: string[] = [];
  requests = 100;
  nginxFault: Error | undefined;
  storeFault: Error | undefined;
  saved: string | undefined;

  poller(): StubStatusPoller {
    const poller = new StubStatusPoller({
      ask: async () => {
        if (this.nginxFault !== undefined) throw this.nginxFault;
        const { requests } = this;
        return { accepted: requests, handled: requests, requests, active: 2, reading: 0, writing: 1, waiting: 1 };
      },
      windows: new ServerWindows({ windowMs: 60_000, idSecret: 'the secret of a test' }),
      windowMs: 60_000,
      store: {
        load: async () => {
          if (this.storeFault !== undefined) throw this.storeFault;
          return this.saved === undefined ? undefined : (JSON.parse(this.saved) as SavedServerWindows);
        },
        commit: async (messages: readonly Message[], position: SavedServerWindows) => {
          if (this.storeFault !== undefined) throw this.storeFault;
          this.events.push(...messages.map(({ body }) => JSON.parse(body) as Record<string, unknown>));
          this.saved = JSON.stringify(position);
        },
      },
      clock: this.clock,
      onAnswer: () => {},
      onFault: reason => this.faults.push(reason),
    });
    poller.open();
    return poller;
  }

  async pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 10) {
      await settled();
      await this.clock.pass(10_000);
      await settled();
    }
  }

  get counted(): number {
    return this.events.reduce((sum, { server_requests }) => sum + Number(server_requests), 0);
  }
}

test('each window is an event; over stops and failures each request counts once', async () => {
  const scene = new Scene();
  let poller = scene.poller();
  await scene.pass(60);
  scene.requests = 150;
  await scene.pass(30);
  await poller.close();
  scene.requests = 175;
  poller = scene.poller();
  await scene.pass(60);
  scene.storeFault = new Error('the disk is full');
  scene.requests = 190;
  await scene.pass(120);
  assert.ok(scene.faults.includes('the disk is full'));
  scene.storeFault = undefined;
  await scene.pass(180);
  await poller.close();
  assert.is(scene.counted, 90);
  const starts = scene.events.map(({ window_start }) => window_start);
  assert.is(new Set(starts).size, starts.length);
});

test('an nginx that does not answer is a fault and no event, and what it counted meanwhile is not lost', async () => {
  const scene = new Scene();
  const poller = scene.poller();
  await scene.pass(10);
  scene.nginxFault = new Error('connect ECONNREFUSED');
  scene.requests = 500;
  await scene.pass(300);
  assert.is(scene.events.length, 1);
  scene.nginxFault = undefined;
  await scene.pass(120);
  await poller.close();
  assert.ok(scene.faults.every(reason => reason.includes('ECONNREFUSED')) && scene.faults.length > 20);
  assert.is(scene.counted, 400);
});

test('closing while nothing can be stored loses neither what was made nor what was saved', async () => {
  const scene = new Scene();
  let poller = scene.poller();
  await scene.pass(30);
  await poller.close();
  const { saved } = scene;
  scene.storeFault = new Error('the disk is full');
  poller = scene.poller();
  await scene.pass(30);
  scene.storeFault = undefined;
  await poller.close();
  assert.is(scene.saved, saved);
});

test.run();
