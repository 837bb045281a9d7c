import { channelRenderer } from '../notify/channel.js';
import { httpAddress } from '../settings/addresses.js';
import { setting } from '../settings/setting.js';
import { webhookSecret } from './http/signature.js';
import { webhookBody } from './notify-webhook/body.js';
import type { WebhookConfig } from './notify-webhook/session.js';
import { asJson } from './rendering.js';
import { defineSink } from './sink.js';

/** A POST of JSON to any program, signed after Standard Webhooks. */
export const notifyWebhookSink = defineSink({
  name: 'notify.webhook',
  title: 'Notifications by webhook',
  prefix: 'NOTIFY_WEBHOOK',
  settings: {
    url: setting(
      'NOTIFY_WEBHOOK_URL',
      httpAddress(['https', 'http']).optional(),
      'Where notifications are posted as JSON. Set = on.',
      { secret: true, example: 'https://alerts.example.org/event-sink' },
    ),
    secret: setting(
      'NOTIFY_WEBHOOK_SECRET',
      webhookSecret().optional(),
      'Signs them after Standard Webhooks: `whsec_` and 24 to 64 bytes in base64. Without it they are not signed.',
      { secret: true },
    ),
  },
  switchedOnBy: 'NOTIFY_WEBHOOK_URL',
  configure({ url, secret }, problems): WebhookConfig | undefined {
    if (url !== undefined) return { url, secret };
    if (secret !== undefined)
      problems.add('NOTIFY_WEBHOOK_URL', 'is missing: NOTIFY_WEBHOOK_SECRET alone sends nothing');
    return undefined;
  },
  categories: ['notification'],
  notifies: true,
  batch: { count: 5, bytes: 1024 * 1024, lingerMs: 0 },
  check: {
    tries: 'reach the server',
    setting: () => 'NOTIFY_WEBHOOK_URL',
    reach: 'let this machine reach it (a firewall, HTTPS_PROXY?), or correct NOTIFY_WEBHOOK_URL',
    untried: [{ what: 'post a notification', because: 'the receiver would act on it; event-sink notify test does' }],
  },
  renderer: (_config, { name }) => channelRenderer(name, notification => ({ body: asJson(webhookBody(notification)) })),
  open: async (config: WebhookConfig, tools) =>
    (await import('./notify-webhook/session.js')).openWebhook(config, tools),
});
