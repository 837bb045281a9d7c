import { httpAddress } from '../settings/addresses.js';
import { secret } from '../settings/secrets.js';
import { setting } from '../settings/setting.js';
import { choice, text } from '../settings/words.js';
import { isClientId } from './ga4/client-id.js';
import { limits } from './ga4/limits.js';
import type { Ga4Config } from './ga4/session.js';
import { defineSink } from './sink.js';

const { backdateMs: maxAgeMs } = limits;

/**
 * Google Analytics 4 over the Measurement Protocol. It has no key for an event: the ids that were sent are kept, so
 * that none is sent again.
 */
export const ga4Sink = defineSink({
  name: 'ga4',
  title: 'Google Analytics 4',
  prefix: 'GOOGLE',
  settings: {
    measurementId: setting('GOOGLE_MEASUREMENT_ID', text().optional(), 'Id of the web data stream. Set = sink on.', {
      example: 'G-XXXXXXXXXX',
    }),
    apiSecret: setting('GOOGLE_API_SECRET', secret().optional(), 'Measurement Protocol API secret of that stream.', {
      secret: true,
    }),
    serverUrl: setting(
      'GOOGLE_SERVER_URL',
      httpAddress(['https', 'http'], { base: true }).default('https://www.google-analytics.com'),
      'Origin to send to; to keep data in the EU: https://region1.google-analytics.com.',
    ),
    clientId: setting(
      'GOOGLE_CLIENT_ID',
      text().optional(),
      'Client id of events without a user or visitor; by default they share a hundred pseudonyms.',
      { example: '1234567890.1234567890' },
    ),
    onAmbiguous: setting(
      'GOOGLE_ON_AMBIGUOUS',
      choice('resend', 'skip').default('resend'),
      'When no answer came to a request that may have arrived: resend (may count twice) or skip (may be missing).',
    ),
  },
  switchedOnBy: 'GOOGLE_MEASUREMENT_ID and GOOGLE_API_SECRET',
  configure({ measurementId, apiSecret, serverUrl, clientId, onAmbiguous }, problems): Ga4Config | undefined {
    if (measurementId === undefined && apiSecret === undefined) return undefined;
    if (measurementId === undefined || apiSecret === undefined) {
      const missing = measurementId === undefined ? 'GOOGLE_MEASUREMENT_ID' : 'GOOGLE_API_SECRET';
      problems.add(missing, 'is missing: Google Analytics needs both GOOGLE_MEASUREMENT_ID and GOOGLE_API_SECRET');
      return undefined;
    }
    if (!/^G-[A-Z0-9]+$/i.test(measurementId)) {
      problems.add(
        'GOOGLE_MEASUREMENT_ID',
        'must be the id of a web data stream of Google Analytics 4, such as G-XXXXXXXXXX',
      );
    }
    if (clientId !== undefined && !isClientId(clientId)) {
      problems.add(
        'GOOGLE_CLIENT_ID',
        'must be two positive numbers joined by a period, such as 1234567890.1234567890',
      );
    }
    return { measurementId, apiSecret, serverUrl, clientId, onAmbiguous };
  },
  analytics: true,
  batch: { count: 500, bytes: 1_000_000, lingerMs: 1_000 },
  concurrency: 4,
  maxAgeMs,
  redriveLimit: {
    withinMs: maxAgeMs,
    since: 'created',
    because: 'the event is older than 72 hours: Google Analytics takes none so old',
  },
  check: {
    tries: 'send a sample to the validation server',
    setting: () => 'GOOGLE_SERVER_URL',
    reach: 'let this machine reach it (a firewall, HTTPS_PROXY?), or correct GOOGLE_SERVER_URL',
    untried: [
      {
        what: 'GOOGLE_MEASUREMENT_ID and GOOGLE_API_SECRET',
        because: 'Google answers alike whether they are right or wrong; look for events in its Realtime report',
      },
    ],
  },
  renderer: async (config: Ga4Config, tools) => (await import('./ga4/render.js')).renderer(config, tools),
  people: {
    // The API secret lets in events alone; a deletion wants OAuth.
    erase: async () => ({
      steps: [
        'delete the user in Google Analytics: a deletion by USER_ID, or in the user explorer, by somebody with the right to edit the property (docs/runbook.md has the request, and which id the user has there)',
        'a person who is a parameter of events of others (author_id) is deleted by a data deletion request',
      ],
    }),
  },
  open: async (config: Ga4Config, tools) => (await import('./ga4/session.js')).openSession(config, tools),
});
