import { days } from '../settings/durations.js';
import { atStart, setting } from '../settings/setting.js';
import { boolean, choice, text } from '../settings/words.js';
import { usageCategories, usageSources } from '../usage/access.js';
import type { UsageConfig } from '../usage/config.js';
import { defineSink } from './sink.js';
import { renderUsage } from './usage/render.js';
import { keepUsage, openUsage } from './usage/session.js';

/** Views and downloads of datasets, counted by the rules of COUNTER, for reports. */
export const usageSink = defineSink({
  name: 'usage',
  title: 'Usage',
  prefix: 'USAGE',
  settings: atStart({
    mode: setting(
      'USAGE',
      choice('auto', 'on', 'off', 'true', 'false', '1', '0').default('auto'),
      'Count views and downloads of datasets for usage reports. `auto`: with LOCAL_STORE, and where an access log, RabbitMQ or a key for browsers is set up.',
    ),
    source: setting(
      'USAGE_SOURCE',
      choice(...usageSources).optional(),
      'What is counted: `nginx` (the access log), `clowder` (its own events) or `browser`. Default: `nginx` where a log is read, else `clowder`.',
      { example: 'nginx' },
    ),
    platform: setting('USAGE_PLATFORM', text().optional(), 'Name of the repository in usage reports.', {
      example: 'Example Data Archive',
    }),
    publisher: setting('USAGE_PUBLISHER', text().optional(), 'Who publishes its datasets.', {
      example: 'Example University',
    }),
    publisherId: setting(
      'USAGE_PUBLISHER_ID',
      text().optional(),
      'Id of the publisher, as `type:value`; the type is `isni`, `orcid`, `grid`, `urn` or `client-id`.',
      { example: 'client-id:datacite.example' },
    ),
    robotsFile: setting(
      'USAGE_ROBOTS_FILE',
      text().optional(),
      "A list of robots in one of the forms that COUNTER publishes: a pattern a line, or JSON. Default: the daemon's own list.",
      { example: '/etc/event-sink/COUNTER_Robots_list.json' },
    ),
    closeMs: setting(
      'USAGE_CLOSE_DAYS',
      days(1, 366).default('31'),
      'How long after its end a month takes in events that come late, days.',
    ),
    isPublic: setting(
      'USAGE_PUBLIC',
      boolean().default('off'),
      'Let everybody see the figures of single datasets, without their names, for web pages and badges.',
    ),
  }),
  switchedOnBy: 'USAGE',
  configure: ({ mode, publisherId, ...values }, problems): UsageConfig | undefined => {
    if (publisherId !== undefined && !/^(?:isni|orcid|grid|urn|client-id):\S/.test(publisherId))
      problems.add('USAGE_PUBLISHER_ID', 'must be type:value, such as grid:grid.9999.9');
    if (mode === 'off' || mode === 'false' || mode === '0') return undefined;
    return { ...values, publisherId, mode: mode === 'auto' ? 'auto' : 'on' };
  },
  storesWith: 'storage',
  takesHistory: true,
  categories: usageCategories,
  singleConsumer: true,
  batch: { count: 1000, bytes: 4 * 1024 * 1024, lingerMs: 200 },
  keep: keepUsage,
  renderer: renderUsage,
  open: openUsage,
});
