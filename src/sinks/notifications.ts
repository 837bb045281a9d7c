import { z } from 'zod';
import type { NotifyConfig } from '../notify/config.js';
import { forecast } from '../notify/forecast.js';
import { parseRules, type WrittenRule } from '../notify/parse-rules.js';
import { httpAddress } from '../settings/addresses.js';
import { seconds } from '../settings/durations.js';
import { setting } from '../settings/setting.js';
import { asJson } from './rendering.js';
import { defineSink } from './sink.js';

/** As it is configured by itself; what the channels are is known once all sinks are. */
export interface NotificationsConfig {
  readonly rules: readonly WrittenRule[];
  readonly waitMs: number;
  readonly maxMs: number;
  readonly pageUrl: string | undefined;
}

/** Collects what people want to know, and makes notifications of it by their rules. On when there is a channel. */
export const notificationsSink = defineSink({
  name: 'notify',
  title: 'Notifications',
  prefix: 'NOTIFY',
  settings: {
    rules: setting(
      'notify_rules',
      z.array(z.unknown(), { invalid_type_error: 'must be a list of rules' }).default([]),
      'Who is notified of what, and when ([notifications.md](notifications.md)). Without rules: every change of every service and every problem of the daemon, both ways, through all channels. Only in the YAML file.',
      {
        structured: 'typed',
        fileOnly: true,
        example: `notify:
  slack: { url: https://chat.example.org/hooks/operators }
  webhook: { url: https://alerts.example.org/event-sink }
  rules:
    - { service: 'clowder*', when: change, again: 4h, to: [slack] }
    - { severity: critical, after: 10m, to: [webhook] }
`,
      },
    ),
    waitMs: setting(
      'NOTIFY_GROUP_WAIT_SECONDS',
      seconds(0, 3_600).default('3'),
      'How long a message waits after a change for more that belongs into it. The end of an outage closes it early.',
    ),
    maxMs: setting(
      'NOTIFY_GROUP_MAX_SECONDS',
      seconds(0, 86_400).default('60'),
      'How long a message waits at most, however much goes on.',
    ),
    pageUrl: setting(
      'NOTIFY_PAGE_URL',
      httpAddress(['https', 'http']).optional(),
      'Where people reach the page of this daemon, for links in messages.',
      { example: 'https://events.example.org/' },
    ),
  },
  switchedOnBy: 'NOTIFY_EMAIL_TO, NOTIFY_SLACK_URL or NOTIFY_WEBHOOK_URL',
  configure: ({ rules, waitMs, maxMs, pageUrl }, problems): NotificationsConfig => {
    if (maxMs < waitMs)
      problems.add('NOTIFY_GROUP_MAX_SECONDS', 'is shorter than NOTIFY_GROUP_WAIT_SECONDS: make it at least as long');
    return { rules: parseRules(rules, problems), waitMs, maxMs, pageUrl: pageUrl?.url };
  },
  storesWith: 'storage',
  categories: ['service_status', 'problem'],
  singleConsumer: true,
  // What happened the day before is on the page; nobody is to be woken for it, nor for a log that is read again.
  maxAgeMs: 86_400_000,
  batch: { count: 200, bytes: 1024 * 1024, lingerMs: 50 },
  renderer:
    (config, { clock }) =>
    event => {
      // By now its rules know their channels: config/notify.ts.
      const found = forecast(event, config as unknown as NotifyConfig, clock.now());
      if (found === undefined) return { nothing: 'it says nothing to people' };
      const notes = [{ what: `as if nothing were known of ${found.signal.name} before` }];
      return { output: asJson(found), notes };
    },
  open: async (_config, { notifications }) => ({
    write: async events => ({ duplicates: await notifications.add(events) }),
    probe: async () => {},
    close: async () => {},
  }),
});
