import { parseExact } from '../events/digits.js';
import { httpAddress } from '../settings/addresses.js';
import { setting } from '../settings/setting.js';
import { boolean, choice } from '../settings/words.js';
import { webhookSecret } from './http/signature.js';
import { defineSink } from './sink.js';
import { formats, renderEvent } from './webhook/render.js';
import type { WebhookConfig } from './webhook/session.js';

/** Batches of events by POST to any program, signed after Standard Webhooks. The receiver knows an event by its id. */
export const webhookSink = defineSink({
  name: 'webhook',
  title: 'Webhook',
  prefix: 'WEBHOOK',
  settings: {
    url: setting(
      'WEBHOOK_URL',
      httpAddress(['https', 'http']).optional(),
      'Where events are posted, many in one request. Set = sink on. Redirects are not followed.',
      { secret: true, example: 'https://portal.example.org/events' },
    ),
    secret: setting(
      'WEBHOOK_SECRET',
      webhookSecret().optional(),
      'Signs the requests after Standard Webhooks: `whsec_` and 24 to 64 bytes in base64. Without it they are not signed.',
      { secret: true },
    ),
    format: setting(
      'WEBHOOK_FORMAT',
      choice(...formats).default('json'),
      '`json`: a JSON array of events. `ndjson`: one event a line. `cloudevents`: a batch of CloudEvents 1.0.',
    ),
    gzip: setting('WEBHOOK_GZIP', boolean().default('off'), 'Compress the requests.'),
  },
  switchedOnBy: 'WEBHOOK_URL',
  configure({ url, secret, format, gzip }, problems): WebhookConfig | undefined {
    if (url !== undefined) return { url, secret, format, gzip };
    if (secret !== undefined) problems.add('WEBHOOK_URL', 'is missing: WEBHOOK_SECRET alone sends nothing');
    return undefined;
  },
  batch: { count: 500, bytes: 900_000, lingerMs: 1_000 },
  concurrency: 4,
  // A slow receiver that refuses, and is sent halves.
  writeDeadlineMs: 60_000,
  check: {
    tries: 'reach the server',
    setting: () => 'WEBHOOK_URL',
    reach: 'let this machine reach it (a firewall, HTTPS_PROXY?), or correct WEBHOOK_URL',
    untried: [{ what: 'post an event', because: 'the receiver would act on it' }],
  },
  people: {
    erase: async () => ({ steps: ['whoever runs the receiver of the webhook deletes what it has kept of the person'] }),
  },
  renderer:
    ({ format }) =>
    event => ({ output: { event: parseExact(renderEvent(event, format)) } }),
  open: async (config: WebhookConfig, tools) => (await import('./webhook/session.js')).openSession(config, tools),
});
