import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TestDaemon } from '../helpers/daemon.js';
import { freePort } from '../helpers/ports.js';
import { startChromium } from '../helpers/servers/chromium.js';
import { InfluxdbStandIn } from '../helpers/servers/influxdb-stand-in.js';
import { required } from '../helpers/skip.js';
import { patienceMs, until } from '../helpers/wait.js';

/** Where screenshots are kept, to be looked at. */
const pictures = 'test-output/page';

/** A daemon with a sink that can be stopped, and keys with few scopes. */
export interface Installation {
  readonly daemon: TestDaemon;
  readonly influxdb: InfluxdbStandIn;
  /** May read, and nothing else. */
  readonly viewerKey: string;
  /** May send, and not read. */
  readonly senderKey: string;
  remove(): Promise<void>;
}

export async function install(env: Readonly<Record<string, string>> = {}): Promise<Installation> {
  const influxdb = new InfluxdbStandIn();
  await influxdb.start();
  const { hostname, port } = new URL(influxdb.origin);
  const daemon = new TestDaemon({ port: await freePort() });
  const [viewerKey, senderKey] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
  const entry = (name: string, scopes: string, key: string): string =>
    `${name}:${scopes}:${createHash('sha256').update(key).digest('hex')}`;
  Object.assign(daemon.env, env, {
    API_KEYS: [
      entry('operator', 'publish+read+admin', daemon.key),
      entry('viewer', 'read', viewerKey),
      entry('sender', 'publish', senderKey),
    ].join(),
    INFLUXDB_HOST: hostname,
    INFLUXDB_PORT: port,
    INFLUXDB_USER: 'ann',
    INFLUXDB_PASSWORD: influxdb.token,
    INFLUXDB_DATABASE: influxdb.database,
    // What a test counts there is what it sent, not its own signing in, nor what the daemon says of itself.
    INFLUXDB_CATEGORIES: '!audit,!problem',
  });
  await daemon.start();
  return {
    daemon,
    influxdb,
    viewerKey,
    senderKey,
    remove: async () => {
      await daemon.remove();
      await influxdb.stop();
    },
  };
}

/** One person's browser at the page. What it asked for, and what it complained about, is noted. */
export class Visit {
  readonly page: Page;
  readonly complaints: string[] = [];
  readonly asked: URL[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on('console', message => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text());
    });
    page.on('pageerror', error => this.complaints.push(String(error)));
    page.on('request', request => this.asked.push(new URL(request.url())));
  }

  static async begin(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
    const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, ...options });
    context.setDefaultTimeout(patienceMs);
    const visit = new Visit(await context.newPage());
    await slowDown(visit.page);
    await visit.page.goto(url);
    return visit;
  }

  async signIn(key: string): Promise<this> {
    await this.page.getByLabel('API key').fill(key);
    await this.page.keyboard.press('Enter');
    return this;
  }

  /** The headline of the banner. */
  async headline(text: string | RegExp): Promise<void> {
    await this.page.locator('.banner-title', { hasText: text }).waitFor();
  }

  async sees(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).first().waitFor();
  }

  /** Waits for a text of an element, as what is shown may come later than the element. */
  async reads(element: Locator, text: string | RegExp): Promise<void> {
    let found = '';
    const fits = async (): Promise<boolean> => {
      found = (await element.textContent()) ?? '';
      return typeof text === 'string' ? found.includes(text) : text.test(found);
    };
    await until(fits, String(text)).catch(() => undefined);
    assert.match(found, text);
  }

  async picture(name: string): Promise<void> {
    mkdirSync(pictures, { recursive: true });
    await this.page.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
  }

  async end(): Promise<void> {
    await this.page.context().close();
  }
}

/**
 * TEST_SLOW_BROWSER=N: a browser on a machine N times slower, which the daemon's answers reach late, each by another
 * time up to 3 s. What is read too early shows there.
 */
async function slowDown(page: Page): Promise<void> {
  const rate = Number(process.env.TEST_SLOW_BROWSER ?? 1);
  if (rate <= 1) return;
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate });
  await page.route(/\/(?:v1|page)\/(?!stream)/, async route => {
    await new Promise(resolve => setTimeout(resolve, Math.random() * 3_000));
    // The page may be gone by then.
    await route.fallback().catch(() => undefined);
  });
}

interface VisitorContext {
  readonly browser: Browser;
  readonly here: Installation;
  visit: Visit;
}

/**
 * A suite of tests at the page of one installation: each gets a visit of its own, and fails when the browser complained
 * or asked another host. Skipped by name where there is no browser.
 */
export async function pageSuite(name: string, env: Readonly<Record<string, string>> = {}) {
  const browser = required('chromium', await startChromium());
  const here = await install(env);
  const test = suite<VisitorContext>(name, { browser, here } as VisitorContext);
  test.before.each(async context => {
    context.visit = await Visit.begin(browser, here.daemon.url);
  });
  test.after.each(async ({ visit }) => {
    const hosts = new Set(visit.asked.map(({ protocol, host }) => `${protocol}//${host}`));
    const { complaints } = visit;
    await visit.end();
    assert.equal([...hosts], [here.daemon.url], 'nothing leaves the machine');
    assert.equal(complaints, []);
  });
  test.after(async () => {
    await browser.close();
    await here.remove();
  });
  return test;
}
