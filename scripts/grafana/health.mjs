import {
  barGauge,
  columns,
  dashboard,
  dataSource,
  influx,
  mapping,
  outages,
  row,
  rows,
  series,
  splitBy,
  stat,
  steps,
  stepVariable,
  table,
  timeline,
} from './panels.mjs';

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in
const service = '${__field.labels.service_name}';
const upOrDown = mapping({ true: ['up', 'good'], false: ['down', 'bad'] });
const states = mapping({
  up: ['up', 'good'],
  down: ['down', 'bad'],
  degraded: ['degraded', 'watch'],
  maintenance: ['maintenance', 'calm'],
  withdrawn: ['called off', 'calm'],
  unknown: ['unknown', 'watch'],
});
/** The name of a service is a field, which InfluxQL cannot group by: Grafana splits the newest checks. */
const checks = (fields, condition = '') =>
  `SELECT ${['service_name', ...fields].map(name => `"${name}"`).join(', ')} FROM "events" WHERE "category" = 'health'${condition} AND $timeFilter ORDER BY time DESC LIMIT 20000`;
const log = (select, group = 'GROUP BY time($step) fill(0)') =>
  `SELECT ${select} FROM "events" WHERE "category" = 'connections' AND $timeFilter ${group}`;
const sums = names => names.map(([field, name]) => `sum("${field}") AS "${name}"`).join(', ');
const means = names =>
  Object.entries(names)
    .map(([field, name]) => `mean("${field}") AS "${name}"`)
    .join(', ');
const latest = name => [name, { operation: 'aggregate', aggregations: ['first'] }];

/** Fields of the newest check, in order, each with its heading. */
const serviceColumns = {
  healthy: 'state',
  type: 'check',
  Time: 'checked',
  uptime: 'uptime',
  response_time_avg: 'response time',
  queue_length: 'queue',
  certificate_days_left: 'certificate',
  message: 'message',
};
const requestSteps = { time_dns: 'DNS', time_connect: 'connect', time_tls: 'TLS', time_first_byte: 'first byte' };

export const health = dashboard({
  uid: 'clowder-health',
  title: 'Clowder health',
  description: 'Is every service up, how fast does it answer, and what does the NGINX log say.',
  variables: [dataSource('influxdb', 'InfluxDB'), stepVariable()],
  annotations: [outages],
  panels: [
    row('Services'),
    table(
      'Services now',
      'The newest check of each service.',
      [rows(checks(Object.keys(serviceColumns).filter(name => name !== 'Time')))],
      {
        width: 24,
        height: 7,
        transformations: [
          {
            id: 'groupBy',
            options: {
              fields: Object.fromEntries([
                ['service_name', { operation: 'groupby', aggregations: [] }],
                ...Object.keys(serviceColumns).map(latest),
              ]),
            },
          },
          columns([], {
            service_name: 'service',
            ...Object.fromEntries(Object.entries(serviceColumns).map(([field, name]) => [`${field} (first)`, name])),
          }),
        ],
        columns: {
          state: { mappings: upOrDown, 'custom.cellOptions': { type: 'color-background', mode: 'basic' } },
          uptime: {
            unit: 'percent',
            decimals: 2,
            thresholds: steps('bad', [95, 'watch'], [99, 'good']),
            'custom.cellOptions': { type: 'color-text' },
          },
          'response time': {
            unit: 's',
            thresholds: steps('good', [1, 'watch'], [2, 'bad']),
            'custom.cellOptions': { type: 'color-text' },
          },
          certificate: {
            unit: 'd',
            decimals: 0,
            thresholds: steps('bad', [7, 'watch'], [14, 'good']),
            'custom.cellOptions': { type: 'color-text' },
          },
        },
      },
    ),
    timeline('Up and down', 'Every check of every service.', [rows(checks(['healthy']))], {
      mappings: upOrDown,
      name: service,
      spanNulls: 300_000,
      transformations: [splitBy('service_name')],
    }),
    series(
      'Response time',
      'Mean of each check.',
      [rows(checks(['response_time_avg'], ` AND "response_time_avg" > 0`))],
      {
        unit: 's',
        name: service,
        points: 'auto',
        spanNulls: 300_000,
        thresholds: steps('transparent', [2, 'bad']),
        transformations: [splitBy('service_name')],
      },
    ),
    series(
      'What a request spends its time on',
      'Mean over all HTTP checks: the time until each step was done.',
      [
        influx(
          `SELECT ${means(requestSteps)} FROM "events" WHERE "category" = 'health' AND "type" = 'http' AND $timeFilter GROUP BY time($step) fill(none)`,
          '$col',
        ),
      ],
      { unit: 's', points: 'auto' },
    ),
    barGauge('Uptime', 'Share of the checks that found the service working.', [rows(checks(['uptime']))], {
      unit: 'percent',
      max: 100,
      decimals: 2,
      calc: 'firstNotNull',
      name: service,
      thresholds: steps('bad', [95, 'watch'], [99, 'good']),
      transformations: [splitBy('service_name')],
    }),
    series(
      'Queues',
      'Messages waiting, of every watched queue.',
      [rows(checks(['queue_length'], ` AND "type" = 'queue'`))],
      {
        width: 8,
        name: service,
        points: 'auto',
        spanNulls: 300_000,
        transformations: [splitBy('service_name')],
      },
    ),
    barGauge(
      'Certificates',
      'Days until the TLS certificate ends.',
      [rows(checks(['certificate_days_left'], ` AND "certificate_days_left" >= 0`))],
      {
        unit: 'd',
        max: 90,
        decimals: 0,
        calc: 'firstNotNull',
        name: service,
        thresholds: steps('bad', [7, 'watch'], [14, 'good']),
        transformations: [splitBy('service_name')],
      },
    ),

    row('Changes'),
    table(
      'Outages and maintenance',
      'The newest 200 changes of state. A row that corrects another is no outage of its own: that one was maintenance, or was an outage after all.',
      [
        rows(
          `SELECT "service_name", "type", "from", "until", "outage_seconds", "outage_requests", "expected_requests", "message", "corrects" FROM "events" WHERE "category" = 'service_status' AND $timeFilter ORDER BY time DESC LIMIT 200`,
        ),
      ],
      {
        transformations: [
          columns([], {
            service_name: 'service',
            type: 'state',
            outage_seconds: 'outage',
            outage_requests: 'requests',
            expected_requests: 'expected',
          }),
        ],
        columns: {
          state: { mappings: states, 'custom.cellOptions': { type: 'color-text' } },
          from: { unit: 'dateTimeAsIso' },
          until: { unit: 'dateTimeAsIso' },
          outage: { unit: 's' },
          expected: { decimals: 0 },
        },
      },
    ),
    table(
      'Extractors',
      'The newest 200 changes: appeared, another version, silent.',
      [
        rows(
          `SELECT "extractor_name", "type", "extractor_version", "previous_version", "queue", "message" FROM "events" WHERE "category" = 'extractor_heartbeat' AND $timeFilter ORDER BY time DESC LIMIT 200`,
        ),
      ],
      {
        transformations: [
          columns([], {
            extractor_name: 'extractor',
            type: 'change',
            extractor_version: 'version',
            previous_version: 'before',
          }),
        ],
        columns: {
          change: {
            mappings: mapping({
              appeared: ['appeared', 'good'],
              changed: ['changed', 'calm'],
              silent: ['silent', 'bad'],
            }),
            'custom.cellOptions': { type: 'color-text' },
          },
        },
      },
    ),

    row('Traffic, from the NGINX log'),
    stat('Requests', 'All requests in the range.', [influx(log('sum("requests")'))], { width: 6 }),
    stat('Bytes sent', 'Bytes of all answers in the range.', [influx(log('sum("bytes_sent")'))], {
      width: 6,
      unit: 'bytes',
    }),
    stat(
      'Server errors',
      'Share of the requests that were answered with 500 to 599.',
      [influx(log('sum("status_5xx") / sum("requests")', ''))],
      {
        width: 6,
        unit: 'percentunit',
        decimals: 2,
        calc: 'lastNotNull',
        spark: false,
        thresholds: steps('good', [0.01, 'watch'], [0.05, 'bad']),
      },
    ),
    stat(
      'Most visitors at once',
      'Distinct visitors of the busiest window (NGINX_WINDOW_SECONDS).',
      [influx(log('max("visitors")'))],
      { width: 6, calc: 'max' },
    ),
    series(
      'Requests by status',
      'In each step.',
      [
        influx(
          log(
            sums([
              ['status_2xx', '2xx'],
              ['status_3xx', '3xx'],
              ['status_4xx', '4xx'],
              ['status_5xx', '5xx'],
            ]),
          ),
          '$col',
        ),
      ],
      {
        bars: true,
        stacked: true,
        overrides: [
          ['2xx', 'green'],
          ['3xx', 'blue'],
          ['4xx', 'orange'],
          ['5xx', 'red'],
        ].map(([name, fixedColor]) => ({
          matcher: { id: 'byName', options: name },
          properties: [{ id: 'color', value: { mode: 'fixed', fixedColor } }],
        })),
      },
    ),
    series(
      'Connections and visitors',
      'Distinct in the busiest window of each step. Distinct counts do not add up, so they are never summed.',
      [
        influx(
          log('max("connections") AS "connections", max("visitors") AS "visitors"', 'GROUP BY time($step) fill(none)'),
          '$col',
        ),
      ],
      { points: 'auto' },
    ),
    series(
      'Open connections',
      'At one time, by what they are doing: the mean of each step, and the most (NGINX_STATUS_URL).',
      [
        influx(
          log(
            'max("connections_active_max") AS "most", mean("connections_writing") AS "writing", mean("connections_reading") AS "reading", mean("connections_waiting") AS "idle"',
            'GROUP BY time($step) fill(none)',
          ),
          '$col',
        ),
      ],
      { points: 'auto' },
    ),
    series(
      'Requests by kind',
      'In each step.',
      [
        influx(
          log(
            sums([
              ['page_views', 'page views'],
              ['downloads', 'downloads'],
              ['api_calls', 'API calls'],
              ['assets', 'assets'],
              ['other_requests', 'other'],
            ]),
          ),
          '$col',
        ),
      ],
      { bars: true, stacked: true },
    ),
    series(
      'Crawlers and extractors',
      'Requests that are not views, downloads or calls by people and their programs, in each step.',
      [
        influx(
          log(
            sums([
              ['bot_requests', 'crawlers'],
              ['extractor_requests', 'extractors'],
            ]),
          ),
          '$col',
        ),
      ],
      { bars: true },
    ),
    series(
      'Bytes sent',
      'To all, and of them to extractors, in each step.',
      [
        influx(
          log(
            sums([
              ['bytes_sent', 'all'],
              ['extractor_bytes', 'extractors'],
            ]),
          ),
          '$col',
        ),
      ],
      {
        unit: 'bytes',
        bars: true,
      },
    ),
    series(
      'API calls: time to answer',
      'Needs NGINX_TRAFFIC_EVENTS, and the request time in the log format.',
      [
        influx(
          `SELECT percentile("duration", 50) AS "half", percentile("duration", 95) AS "95 of 100", max("duration") AS "slowest" FROM "events" WHERE "category" = 'api_call' AND $timeFilter GROUP BY time($step) fill(none)`,
          '$col',
        ),
      ],
      { unit: 's', points: 'auto' },
    ),
  ],
});
