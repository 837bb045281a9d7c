import { amplitudeSink } from './amplitude.js';
import { archiveSink } from './archive.js';
import { ga4Sink } from './ga4.js';
import { hubSink } from './hub.js';
import { influxdbSink } from './influxdb.js';
import { localSink } from './local.js';
import { matomoSink } from './matomo.js';
import { mongodbSink } from './mongodb.js';
import { notificationsSink } from './notifications.js';
import { notifyEmailSink } from './notify-email.js';
import { notifySlackSink } from './notify-slack.js';
import { notifyWebhookSink } from './notify-webhook.js';
import { postgresqlSink } from './postgresql.js';
import type { SinkDefinition } from './sink.js';
import { usageSink } from './usage.js';
import { webhookSink } from './webhook.js';

/** Every sink there is: one line each. */
export const sinks: readonly SinkDefinition[] = [
  amplitudeSink,
  archiveSink,
  ga4Sink,
  hubSink,
  influxdbSink,
  localSink,
  matomoSink,
  mongodbSink,
  postgresqlSink,
  webhookSink,
  usageSink,
  notificationsSink,
  notifyEmailSink,
  notifySlackSink,
  notifyWebhookSink,
];
