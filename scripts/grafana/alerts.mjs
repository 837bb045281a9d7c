import { health } from './health.mjs';
import { uids } from './panels.mjs';
import { usage } from './usage.mjs';

/**
 * One alert on data: a query (InfluxQL; `expr` is PromQL) gives a series for each value of a tag (or one), the last
 * value of each is compared. Ranges stand in the query itself, and texts use no `$`: Grafana would look for an
 * environment variable in them.
 */
function alert(rule) {
  const { uid, title, query, expr, seconds, above, below, pending, noData, severity, summary, description, see } = rule;
  const [type, bound] = above === undefined ? ['lt', below] : ['gt', above];
  const [dashboard, panelTitle] = see;
  const panel = dashboard.panels.find(one => one.title === panelTitle);
  const relativeTimeRange = { from: seconds, to: 0 };
  return {
    uid,
    title,
    condition: 'C',
    for: pending,
    noDataState: noData,
    execErrState: 'Error',
    isPaused: false,
    dashboardUid: dashboard.uid,
    panelId: panel.id,
    labels: { severity },
    annotations: { summary, description, __dashboardUid__: dashboard.uid, __panelId__: String(panel.id) },
    data: [
      {
        refId: 'A',
        relativeTimeRange,
        datasourceUid: expr === undefined ? uids.influxdb : uids.prometheus,
        model: {
          refId: 'A',
          ...(expr === undefined ? { query, rawQuery: true, resultFormat: 'time_series' } : { expr, range: true }),
          intervalMs: 60_000,
          maxDataPoints: 1000,
        },
      },
      {
        refId: 'B',
        relativeTimeRange,
        datasourceUid: '__expr__',
        model: { refId: 'B', type: 'reduce', expression: 'A', reducer: 'last', settings: { mode: 'dropNN' } },
      },
      {
        refId: 'C',
        relativeTimeRange,
        datasourceUid: '__expr__',
        model: {
          refId: 'C',
          type: 'threshold',
          expression: 'B',
          conditions: [{ evaluator: { type, params: [bound] } }],
        },
      },
    ],
  };
}

const checks = (select, minutes, condition = '', group = ' GROUP BY "type"') =>
  `SELECT ${select} FROM "events" WHERE "category" = 'health'${condition} AND time > now() - ${minutes}m${group}`;

export const alerts = {
  apiVersion: 1,
  groups: [
    {
      orgId: 1,
      name: 'clowder',
      folder: 'Clowder',
      interval: '1m',
      rules: [
        alert({
          uid: 'clowder-no-events',
          title: 'No events from Clowder',
          query: `SELECT count("event_id") FROM "events" WHERE "category" != 'health' AND "category" != 'connections' AND "category" != 'service_status' AND time > now() - 6h`,
          seconds: 21_600,
          below: 1,
          pending: '15m',
          noData: 'Alerting',
          severity: 'warning',
          summary: 'No event of Clowder came in for 6 hours',
          description:
            'Either nobody uses Clowder, or its events do not arrive: look at its event sink settings, at RabbitMQ, and at /v1/status of event-sink.',
          see: [usage, 'Events by category'],
        }),
        alert({
          uid: 'clowder-service-down',
          title: 'Service down',
          // Events carry `maintenance` only when it is true, and InfluxQL has no condition for a field that is
          // absent: these are counted, and taken off.
          query: `${checks('count("event_id") - count("maintenance")', 5, ` AND "healthy" = 'false'`)} fill(0)`,
          seconds: 300,
          above: 2,
          pending: '0s',
          noData: 'OK',
          severity: 'critical',
          summary: 'Checks fail ({{ .Labels.type }})',
          description:
            'More than 2 checks of this kind failed within 5 minutes, outside maintenance. The dashboard shows which service, since when and why. With an interval other than 60 seconds, or dozens of targets, change the bound.',
          see: [health, 'Services now'],
        }),
        alert({
          uid: 'clowder-service-unknown',
          title: 'Service unknown',
          // The name of a service is a field, and what is unknown makes no events: the daemon's own metrics know it.
          expr: 'max by (service) (event_sink_service_state{state="unknown"}) unless max by (service) (event_sink_service_excused)',
          seconds: 300,
          above: 0,
          pending: '15m',
          noData: 'OK',
          severity: 'warning',
          summary: 'Nothing is known of {{ .Labels.service }}',
          description:
            'It could not be checked for 15 minutes: another service that it needs is down, or the check is not possible where the daemon runs. /v1/status and the page of event-sink say which. A job that has not reported for the first time is no alarm, and neither is what hangs from a service in maintenance.',
          see: [health, 'Services now'],
        }),
        alert({
          uid: 'clowder-response-time',
          title: 'Response time high',
          query: checks('mean("response_time_avg")', 10),
          seconds: 600,
          above: 2,
          pending: '5m',
          noData: 'OK',
          severity: 'warning',
          summary: 'Services answer slowly ({{ .Labels.type }})',
          description: 'The mean response time of the checks of this kind was above 2 seconds for 10 minutes.',
          see: [health, 'Response time'],
        }),
        alert({
          uid: 'clowder-server-errors',
          title: 'Server errors',
          query: `SELECT sum("status_5xx") / sum("requests") FROM "events" WHERE "category" = 'connections' AND time > now() - 10m`,
          seconds: 600,
          above: 0.05,
          pending: '5m',
          noData: 'OK',
          severity: 'critical',
          summary: 'Requests are answered with server errors',
          description: 'More than 5 % of the requests in the NGINX log were answered with 500 to 599 for 10 minutes.',
          see: [health, 'Requests by status'],
        }),
        alert({
          uid: 'clowder-queue-long',
          title: 'Queue long',
          query: checks('max("queue_length")', 10, ` AND "type" = 'queue'`, ''),
          seconds: 600,
          above: 1000,
          pending: '15m',
          noData: 'OK',
          severity: 'warning',
          summary: 'Messages pile up in a watched queue',
          description: 'A queue among HEALTH_TARGETS holds more than 1,000 messages: its extractor is slow, or gone.',
          see: [health, 'Queues'],
        }),
        alert({
          uid: 'clowder-certificate',
          title: 'Certificate ends soon',
          query: checks('min("certificate_days_left")', 360, '', ''),
          seconds: 21_600,
          below: 14,
          pending: '0s',
          noData: 'OK',
          severity: 'warning',
          summary: 'A TLS certificate ends within 14 days',
          description: 'See which on the dashboard, and renew it.',
          see: [health, 'Certificates'],
        }),
        alert({
          uid: 'clowder-extractor-silent',
          title: 'Extractor silent',
          query: `SELECT count("event_id") FROM "events" WHERE "category" = 'extractor_heartbeat' AND "type" = 'silent' AND time > now() - 15m GROUP BY "extractor_name"`,
          seconds: 900,
          above: 0,
          pending: '0s',
          noData: 'OK',
          severity: 'warning',
          summary: 'Extractor {{ .Labels.extractor_name }} fell silent',
          description: 'It missed three heartbeats (EXTRACTOR_HEARTBEATS). Is it running, and can it reach RabbitMQ?',
          see: [health, 'Extractors'],
        }),
      ],
    },
  ],
};
