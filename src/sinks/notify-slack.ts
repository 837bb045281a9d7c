import { hostname } from 'node:os';
import { channelRenderer } from '../notify/channel.js';
import { httpAddress } from '../settings/addresses.js';
import { setting } from '../settings/setting.js';
import type { SlackConfig } from './notify-slack/session.js';
import { asJson } from './rendering.js';
import { defineSink } from './sink.js';

/** Incoming webhooks of chats: Slack, Mattermost and Rocket.Chat, which take the same, and Workflows of Teams. */
export const notifySlackSink = defineSink({
  name: 'notify.slack',
  title: 'Notifications by chat',
  prefix: 'NOTIFY_SLACK',
  settings: {
    url: setting(
      'NOTIFY_SLACK_URL',
      httpAddress(['https', 'http']).optional(),
      'Incoming webhook of Slack, Mattermost or Rocket.Chat, or the address of a Workflow of Teams. Set = on.',
      { secret: true, example: 'https://hooks.slack.com/services/T000/B000/XXXX' },
    ),
  },
  switchedOnBy: 'NOTIFY_SLACK_URL',
  configure: ({ url }): SlackConfig | undefined => (url === undefined ? undefined : { url }),
  categories: ['notification'],
  notifies: true,
  batch: { count: 5, bytes: 1024 * 1024, lingerMs: 0 },
  check: {
    tries: 'reach the server of the chat',
    setting: () => 'NOTIFY_SLACK_URL',
    reach: 'let this machine reach it (a firewall, HTTPS_PROXY?), or correct NOTIFY_SLACK_URL',
    untried: [{ what: 'post a message', because: 'everybody there would see it; event-sink notify test does' }],
  },
  renderer: async ({ url }, { name }) => {
    const { roomMessage } = await import('./notify-slack/session.js');
    return channelRenderer(name, notification => ({
      body: asJson(roomMessage(new URL(url.url), notification, hostname())),
    }));
  },
  open: async (config: SlackConfig, tools) => (await import('./notify-slack/session.js')).openSlack(config, tools),
});
