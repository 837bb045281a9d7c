import { DeviceReader } from '../people/devices.js';
import { httpAddress } from '../settings/addresses.js';
import { integer } from '../settings/numbers.js';
import { secret } from '../settings/secrets.js';
import { setting } from '../settings/setting.js';
import { choice } from '../settings/words.js';
import type { MatomoConfig } from './matomo/client.js';
import { compile } from './matomo/compile.js';
import { defineSink } from './sink.js';

/** Matomo's tracking API, in bulk: what Google Analytics shows, on a machine of one's own (docs/mapping-matomo.md). */
export const matomoSink = defineSink({
  name: 'matomo',
  title: 'Matomo',
  prefix: 'MATOMO',
  settings: {
    url: setting(
      'MATOMO_URL',
      httpAddress(['https', 'http'], { base: true }).optional(),
      'Address of Matomo, with or without `/matomo.php` at its end. Set = sink on.',
      { example: 'https://matomo.example.org' },
    ),
    siteId: setting('MATOMO_SITE_ID', integer(1, 1_000_000_000).optional(), 'Id of the website in Matomo.', {
      example: '1',
    }),
    token: setting(
      'MATOMO_TOKEN',
      secret().optional(),
      'Token of a user who may write to the website; a super user hears which events Matomo refuses.',
      { secret: true },
    ),
    siteUrl: setting(
      'MATOMO_SITE_URL',
      httpAddress(['https', 'http'], { base: true }).default('http://clowder'),
      'Address of Clowder, for what says only its path or the id of its resource.',
      { example: 'https://clowder.example.org' },
    ),
    idDimension: setting(
      'MATOMO_ID_DIMENSION',
      integer(1, 999).optional(),
      'Number of a custom dimension of actions that gets the id of each event: with it, what counts twice can be found.',
      { example: '1' },
    ),
    onAmbiguous: setting(
      'MATOMO_ON_AMBIGUOUS',
      choice('resend', 'skip').default('resend'),
      'When no answer came to a request that may have arrived: resend (may count twice) or skip (may be missing).',
    ),
  },
  switchedOnBy: 'MATOMO_URL, MATOMO_SITE_ID and MATOMO_TOKEN',
  configure({ url, siteId, token, siteUrl, idDimension, onAmbiguous }, problems): MatomoConfig | undefined {
    const needed = { MATOMO_URL: url, MATOMO_SITE_ID: siteId, MATOMO_TOKEN: token };
    if (url !== undefined && siteId !== undefined && token !== undefined) {
      const base = { ...url, url: url.url.replace(/\/(?:matomo|piwik|index)\.php$/, '') };
      return { url: base, siteId, token, siteUrl: siteUrl.url, idDimension, onAmbiguous };
    }
    const missing = Object.entries(needed).filter(([, value]) => value === undefined);
    if (missing.length === 3) return undefined;
    for (const [name] of missing) {
      problems.add(name, 'is missing: Matomo needs all of MATOMO_URL, MATOMO_SITE_ID and MATOMO_TOKEN');
    }
    return undefined;
  },
  analytics: true,
  batch: { count: 200, bytes: 500_000, lingerMs: 1_000 },
  writeDeadlineMs: 90_000,
  check: {
    tries: 'ask for the website, with the token',
    setting: () => 'MATOMO_URL',
    reach: 'let this machine reach it (a firewall, HTTPS_PROXY?), or correct MATOMO_URL',
    untried: [{ what: 'track an event', because: 'Matomo would count it' }],
  },
  people: {
    erase: async (...of: Parameters<typeof import('./matomo/people.js').eraseFrom>) =>
      (await import('./matomo/people.js')).eraseFrom(...of),
  },
  renderer: config => {
    const devices = new DeviceReader();
    return event => ({ output: { request: compile(event, { ...config, devices }) } });
  },
  open: async (config: MatomoConfig, tools) => (await import('./matomo/session.js')).openSession(config, tools),
});
