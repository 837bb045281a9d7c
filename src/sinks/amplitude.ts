import { httpAddress } from '../settings/addresses.js';
import { secret } from '../settings/secrets.js';
import { setting } from '../settings/setting.js';
import { choice } from '../settings/words.js';
import type { AmplitudeConfig } from './amplitude/session.js';
import { defineSink } from './sink.js';

/** Amplitude's HTTP V2 API: usage by user and device. Idempotent by `insert_id` for 7 days. */
export const amplitudeSink = defineSink({
  name: 'amplitude',
  title: 'Amplitude',
  prefix: 'AMPLITUDE',
  settings: {
    apiKey: setting('AMPLITUDE_API_KEY', secret().optional(), 'API key of the project. Set = sink on.', {
      secret: true,
    }),
    secretKey: setting(
      'AMPLITUDE_SECRET_KEY',
      secret().optional(),
      'Secret key of the project: with it, a person who is erased is deleted at Amplitude too. Nothing else needs it.',
      { secret: true },
    ),
    serverUrl: setting(
      'AMPLITUDE_SERVER_URL',
      httpAddress(['https', 'http']).optional(),
      'Full address to send to (HTTP V2 or Batch API); by default that of the zone.',
      { example: 'https://api2.amplitude.com/2/httpapi' },
    ),
    zone: setting(
      'AMPLITUDE_SERVER_ZONE',
      choice('US', 'EU').default('US'),
      'Where the project keeps its data: US or EU.',
    ),
  },
  switchedOnBy: 'AMPLITUDE_API_KEY',
  configure({ apiKey, secretKey, serverUrl, zone }, problems): AmplitudeConfig | undefined {
    if (apiKey !== undefined) return { apiKey, secretKey, serverUrl, zone };
    if (serverUrl !== undefined)
      problems.add('AMPLITUDE_API_KEY', 'is missing: AMPLITUDE_SERVER_URL alone sends nothing');
    return undefined;
  },
  analytics: true,
  batch: { count: 500, bytes: 900_000, lingerMs: 1_000 },
  redriveLimit: {
    withinMs: 7 * 24 * 3_600_000,
    since: 'first-seen',
    because:
      'it was first tried more than 7 days ago: Amplitude has forgotten its id and would show it twice if it got through then',
  },
  check: {
    tries: 'send a request without events, with the key',
    setting: ({ serverUrl }) => (serverUrl === undefined ? 'AMPLITUDE_SERVER_ZONE' : 'AMPLITUDE_SERVER_URL'),
    reach: 'let this machine reach it (a firewall, HTTPS_PROXY?), or correct AMPLITUDE_SERVER_URL',
    untried: [{ what: 'store an event', because: 'Amplitude cannot take one back' }],
  },
  renderer: async () => (await import('./amplitude/render.js')).renderer(),
  people: {
    erase: async (config: AmplitudeConfig, people, tools, signal) =>
      (await import('./amplitude/people.js')).eraseFrom(config, people, tools, signal),
  },
  open: async (config: AmplitudeConfig, tools) => (await import('./amplitude/session.js')).openSession(config, tools),
});
