import {
  choice,
  columns,
  dashboard,
  dataSource,
  influx,
  mostFrequent,
  outages,
  row,
  rows,
  series,
  stat,
  stepVariable,
  table,
} from './panels.mjs';

const perStep = 'GROUP BY time($step)';
const count = (condition, group = `${perStep} fill(0)`) =>
  `SELECT count("event_id") FROM "events" WHERE ${condition} AND $timeFilter ${group}`;
const sum = (field, condition, group = `${perStep} fill(0)`) =>
  `SELECT sum("${field}") FROM "events" WHERE ${condition} AND $timeFilter ${group}`;

const views = `"category" = '$views'`;
/** Only of extractors the log says a name. */
const downloads = `"category" = '$downloads' AND "extractor_name" = ''`;
const fetched = `"category" = 'resource_download' AND "extractor_name" != ''`;
/** Clowder's own uploads have no type; the NGINX log sees datasets and folders made, too. */
const uploads = `"category" = 'upload' AND ("type" = '' OR "type" = 'file')`;
const deletions = `"category" = 'delete'`;
const deletedFiles = `${deletions} AND "type" = 'file'`;
const people = `"user_id" != '' AND "user_id" != '000000000000000000000000'`;
/** InfluxQL counts distinct values of fields only, and user_id is a tag: so its groups are counted. */
const users = (group = '') =>
  `SELECT count("n") FROM (SELECT count("event_id") AS "n" FROM "events" WHERE ${people} AND $timeFilter GROUP BY ${
    group === '' ? '"user_id"' : `time(${group}), "user_id" fill(none)`
  }) WHERE $timeFilter${group === '' ? '' : ` GROUP BY time(${group}) fill(0)`}`;
/** A resource is a field, so that its values cost nothing; hence the newest rows are counted by Grafana. */
const named = condition =>
  `SELECT "resource_name", "resource_id", "event_id" FROM "events" WHERE ${condition} AND $timeFilter ORDER BY time DESC LIMIT 10000`;
const extractionTimes = `SELECT mean("waiting_seconds") AS "waiting", mean("working_seconds") AS "working" FROM "events" WHERE "category" = 'extraction_status' AND ("type" = 'done' OR "type" = 'error') AND $timeFilter ${perStep}, "extractor_name" fill(none)`;
const newest = 'Of the newest 10,000 in the range.';
/** What happened in datasets or spaces, as far as it is known which. */
const placed = (place, condition, more = '') =>
  `SELECT "${place}_name", "${place}_id", "event_id"${more} FROM "events" WHERE ${condition} AND "${place}_id" != '' AND $timeFilter ORDER BY time DESC LIMIT 10000`;
const newestPlaced = place =>
  `Of the newest 10,000 in the range whose ${place} is known: the event says it, or CLOWDER_URL is set.`;
const byPlace = place => [
  table(`Views by ${place}`, newestPlaced(place), [rows(placed(place, views))], {
    transformations: mostFrequent([`${place}_name`, `${place}_id`], 'event_id', 'views'),
  }),
  table(`Downloads by ${place}`, newestPlaced(place), [rows(placed(place, downloads, ', "bytes"'))], {
    transformations: mostFrequent([`${place}_name`, `${place}_id`], 'event_id', 'downloads', { summed: 'bytes' }),
    columns: { bytes: { unit: 'bytes' } },
  }),
];

export const usage = dashboard({
  uid: 'clowder-usage',
  title: 'Clowder usage',
  description: 'Who does what in Clowder: views, downloads, uploads, users, extractions.',
  time: 'now-7d',
  variables: [
    dataSource('influxdb', 'InfluxDB'),
    stepVariable(),
    choice('views', 'Views', 'Who counts views: Clowder itself, or the NGINX log (NGINX_TRAFFIC_EVENTS)', {
      Clowder: 'view_resource',
      'NGINX log': 'page_view',
    }),
    choice('downloads', 'Downloads', 'Who counts downloads: Clowder itself, or the NGINX log (NGINX_TRAFFIC_EVENTS)', {
      Clowder: 'download',
      'NGINX log': 'resource_download',
    }),
  ],
  annotations: [outages],
  panels: [
    row('In this range'),
    stat('Views', 'Datasets, files, collections and spaces that were looked at.', [influx(count(views))]),
    stat('Downloads', 'Files and datasets that were downloaded.', [influx(count(downloads))]),
    stat(
      'Downloaded',
      'Bytes of downloaded files. A dataset has a number of files instead, and is not in here.',
      [influx(sum('bytes', downloads))],
      { unit: 'bytes' },
    ),
    stat('Uploads', 'Files that were uploaded.', [influx(count(uploads))]),
    stat('Uploaded', 'Bytes of uploaded files.', [influx(sum('size', uploads))], { unit: 'bytes' }),
    stat('Active users', 'Signed-in people who did anything at all.', [influx(users())], {
      calc: 'lastNotNull',
      spark: false,
    }),
    stat('Deleted files', 'Files that were deleted, by the NGINX log (NGINX_TRAFFIC_EVENTS).', [
      influx(count(deletedFiles)),
    ]),
    stat('Logins', 'How often people signed in.', [influx(count(`"category" = 'user_activity' AND "type" = 'login'`))]),
    stat('Sign-ups', 'New accounts.', [influx(count(`"category" = 'user_activity' AND "type" = 'signup'`))]),

    row('Over time'),
    series(
      'Events by category',
      'Everything that happened, but for checks of services and counts of connections.',
      [
        influx(
          count(`"category" != 'health' AND "category" != 'connections'`, `${perStep}, "category" fill(0)`),
          '$tag_category',
        ),
      ],
      { width: 24, bars: true, stacked: true, calcs: ['sum'], legend: 'right' },
    ),
    series('Views', 'By what was looked at.', [influx(count(views, `${perStep}, "type" fill(0)`), '$tag_type')], {
      bars: true,
      stacked: true,
    }),
    series(
      'Downloads',
      'By what was downloaded.',
      [influx(count(downloads, `${perStep}, "type" fill(0)`), '$tag_type')],
      { bars: true, stacked: true },
    ),
    series(
      'Active users',
      'Signed-in people in each step; and anonymous events, whose people nobody can count.',
      [
        influx(users('$step'), 'signed-in people'),
        influx(count(`"user_id" = '000000000000000000000000'`), 'anonymous events'),
      ],
      {
        overrides: [
          {
            matcher: { id: 'byName', options: 'anonymous events' },
            properties: [
              { id: 'custom.axisPlacement', value: 'right' },
              { id: 'custom.lineStyle', value: { fill: 'dash', dash: [6, 6] } },
              { id: 'custom.axisLabel', value: 'anonymous events' },
            ],
          },
        ],
      },
    ),
    series(
      'Logins and sign-ups',
      'How often people signed in or made an account.',
      [influx(count(`"category" = 'user_activity'`, `${perStep}, "type" fill(0)`), '$tag_type')],
      { bars: true, stacked: true },
    ),

    row('Storage'),
    series(
      'Bytes uploaded and downloaded',
      'Of files, in each step.',
      [influx(sum('size', uploads), 'uploaded'), influx(sum('bytes', downloads), 'downloaded')],
      { unit: 'bytes', bars: true },
    ),
    series(
      'Storage added',
      'Bytes since the start of the range: what was uploaded, and what was deleted.',
      [
        influx(
          `SELECT cumulative_sum(sum("size")) FROM "events" WHERE ${uploads} AND $timeFilter ${perStep} fill(0)`,
          'uploaded',
        ),
        influx(
          `SELECT cumulative_sum(sum("size")) FROM "events" WHERE ${deletions} AND $timeFilter ${perStep} fill(0)`,
          'deleted',
        ),
      ],
      { unit: 'bytes' },
    ),
    series(
      'Uploads, deletions and archive',
      'Files and datasets, by what was done with them.',
      [
        influx(
          count(
            `("category" = 'upload' OR "category" = 'delete' OR "category" = 'archive' OR "category" = 'unarchive')`,
            `${perStep}, "category" fill(0)`,
          ),
          '$tag_category',
        ),
      ],
      { width: 24, bars: true, stacked: true },
    ),

    row('Extractions'),
    series(
      'Sent to extractors',
      'By extractor.',
      [influx(count(`"category" = 'extraction'`, `${perStep}, "extractor_name" fill(0)`), '$tag_extractor_name')],
      { bars: true, stacked: true, calcs: ['sum'], legend: 'right' },
    ),
    series(
      'Fetched by extractors',
      'Bytes of files and datasets, by extractor, from the NGINX log (NGINX_TRAFFIC_EVENTS).',
      [influx(sum('bytes', fetched, `${perStep}, "extractor_name" fill(0)`), '$tag_extractor_name')],
      { unit: 'bytes', bars: true, stacked: true, calcs: ['sum'], legend: 'right' },
    ),
    series(
      'Extractions by status',
      'Queued, begun, ended and stuck (EXTRACTION_EVENTS).',
      [influx(count(`"category" = 'extraction_status'`, `${perStep}, "type" fill(0)`), '$tag_type')],
      { bars: true },
    ),
    series(
      'How long extractions wait and work',
      'Mean of those that ended, by extractor (EXTRACTION_EVENTS).',
      [influx(extractionTimes, '$tag_extractor_name: $col')],
      { unit: 's', legend: 'right' },
    ),
    series(
      'Data sent to extractors',
      'Bytes of the files that were queued, by extractor (EXTRACTION_EVENTS).',
      [
        influx(
          sum('size', `"category" = 'extraction_status' AND "type" = 'queued'`, `${perStep}, "extractor_name" fill(0)`),
          '$tag_extractor_name',
        ),
      ],
      { unit: 'bytes', bars: true, stacked: true, calcs: ['sum'], legend: 'right' },
    ),

    row('By dataset and space'),
    ...byPlace('dataset'),
    ...byPlace('space'),

    row('Top lists'),
    table('Most viewed', newest, [rows(named(views))], {
      width: 8,
      transformations: mostFrequent(['resource_name', 'resource_id'], 'event_id', 'views'),
    }),
    table('Most downloaded', newest, [rows(named(downloads))], {
      width: 8,
      transformations: mostFrequent(['resource_name', 'resource_id'], 'event_id', 'downloads'),
    }),
    table(
      'Most active users',
      'Signed-in people by the number of their events.',
      [
        rows(
          `SELECT count("event_id") AS "events", last("user_name") AS "name" FROM "events" WHERE ${people} AND $timeFilter GROUP BY "user_id"`,
        ),
      ],
      {
        width: 8,
        transformations: [
          { id: 'sortBy', options: { fields: {}, sort: [{ field: 'events', desc: true }] } },
          { id: 'limit', options: { limitField: '10' } },
          columns(['Time']),
        ],
      },
    ),
    table(
      'Latest events',
      'The newest 100 in the range.',
      [
        rows(
          `SELECT "category", "type", "user_name", "resource_name", "dataset_name", "space_name", "size", "event_id" FROM "events" WHERE "category" != 'health' AND "category" != 'connections' AND $timeFilter ORDER BY time DESC LIMIT 100`,
        ),
      ],
      { width: 24, height: 10, filterable: true },
    ),
  ],
});
