import type { Browser, Page } from 'playwright-core';
import { aVisitor, type Check, isAt, visit } from './check.js';
import { agent, clientAddress, dataset, file, known } from './content.js';
import type { Site } from './site.js';

/** In the pages. */
declare const window: { eventSink?: { track(name: string, properties?: object): void } };
declare const amplitude: {
  init(key: string, options: object): { promise: Promise<void> };
  track(name: string, properties: object): { promise: Promise<unknown> };
};

const { resource_name: _name, file_id: _file, ...ofDataset } = known;
const person = {
  source: 'browser',
  user_agent: agent,
  agent_kind: 'person',
  language: 'de-CH',
  country: 'GB',
  platform: 'Web',
  visitor: aVisitor,
};

/** What a real Chromium sends. */
export function fromBrowser({ url: origin, collectKey }: Site, browser: Browser | undefined): Record<string, Check> {
  const open = async (target: string): Promise<Page> => {
    if (browser === undefined) throw new Error('no browser');
    const page = await (
      await browser.newContext({
        userAgent: agent,
        locale: 'de-CH',
        extraHTTPHeaders: { 'x-forwarded-for': clientAddress },
      })
    ).newPage();
    await page.goto(origin + target, { referer: `${origin}/search` });
    return page;
  };
  const id = { insert_id: /./ };
  return {
    'a tracking snippet: page views': async () => {
      const target = `/datasets/${dataset}?${visit()}`;
      await open(target);
      const url = origin + target;
      const values = { ...person, ...id, ...ofDataset, url, referrer: `${origin}/search` };
      return {
        fits: isAt(url),
        source: 'browser',
        values: { ...values, resource_id: dataset, resource_name: 'Rain' },
      };
    },
    'a tracking snippet: downloads clicked': async () => {
      const target = `/datasets/${dataset}?${visit()}`;
      const page = await open(target);
      await page.click('a');
      const referrer = origin + target;
      const values = { ...person, ...id, ...known, url: `${origin}/files/${file}/blob`, referrer };
      return {
        fits: event => event.referrer === referrer,
        source: 'browser',
        values: { ...values, resource_id: file },
      };
    },
    'a tracking snippet: what a page says by itself': async () => {
      const page = await open(`/datasets/${dataset}?${visit()}`);
      await page.waitForFunction(() => window.eventSink !== undefined);
      await page.evaluate(() => window.eventSink?.track('map_moved', { zoom: 4, layer: 'soil' }));
      return { fits: () => true, source: 'browser', values: { ...person, ...id, zoom: 4, layer: 'soil' } };
    },
    'the Amplitude wire: a page that has the SDK': async () => {
      const page = await open('/portal');
      await page.evaluate(
        async ([key, serverUrl, resource_id]) => {
          const quiet = { fetchRemoteConfig: false, enableDiagnostics: false, autocapture: false };
          await amplitude.init(key, { ...quiet, serverUrl, userId: 'tobin@lab' }).promise;
          await amplitude.track('map_opened', { resource_id, zoom: 4 }).promise;
        },
        [collectKey, `${origin}/event-sink/2/httpapi`, file] as const,
      );
      const sdk = {
        library: /^amplitude-ts/,
        session_id: /^\d{13}$/,
        device_id: /./,
        user_id: 'tobin@lab',
      };
      return {
        fits: () => true,
        source: 'browser',
        values: {
          ...person,
          ...id,
          ...sdk,
          ...known,
          event_id: (value: unknown) => Number.isInteger(value),
          resource_id: file,
          zoom: 4,
        },
      };
    },
  };
}
