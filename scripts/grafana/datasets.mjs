import { bars, choice, dashboard, dataSource, influx, largest, row, rows, series, stat, table } from './panels.mjs';

/** Differences in the counts of usage: what is added up is the same number as in the reports. Days are of UTC. */
const added = condition =>
  `SELECT sum("added") FROM "events" WHERE "category" = 'usage' AND ${condition} AND $timeFilter GROUP BY time(1d) fill(0)`;
const of = (type, method) => `"type" = '${type}' AND "access_method" = '${method}'`;
const people = type => influx(added(of(type, 'regular')), 'people');
const machines = type => influx(added(of(type, 'machine')), 'machines');
const both = type => [people(type), machines(type)];

const reasons = {
  robot: 'robots',
  double_click: 'double clicks',
  extractor: 'extractors',
  probe: 'health checks',
  preview: 'previews',
  unsuccessful: 'no success',
  misdated: 'impossible time',
  other_source: 'said by another source',
  late: 'late, after the month closed',
};
const leftOut = Object.entries(reasons).map(([reason, name]) =>
  influx(added(`"type" = 'left_out' AND "reason" = '${reason}'`), name),
);

const newest = 'Of the newest 50,000 changes in the range.';
const changes = fields =>
  rows(
    `SELECT ${fields.map(name => `"${name}"`).join(', ')}, "added" FROM "events" WHERE "category" = 'usage' AND "type" = '$figure' AND "access_method" = '$method' AND $timeFilter ORDER BY time DESC LIMIT 50000`,
  );

export const datasets = dashboard({
  uid: 'clowder-datasets',
  title: 'Dataset usage',
  description: 'How datasets were used, by the rules of COUNTER: the numbers of the usage reports (USAGE).',
  time: 'now-11M/M',
  timezone: 'utc',
  variables: [
    dataSource('influxdb', 'InfluxDB'),
    choice('figure', 'Figure', 'What datasets and spaces are ranked by', {
      Requests: 'total_dataset_requests',
      Investigations: 'total_dataset_investigations',
      'Sessions with requests': 'unique_dataset_requests',
      'Sessions with investigations': 'unique_dataset_investigations',
      'Bytes of requests': 'request_bytes',
    }),
    choice('method', 'By', 'People, or the scripts and tools that people use: never added up', {
      People: 'regular',
      Machines: 'machine',
    }),
  ],
  panels: [
    row('In this range'),
    stat('Requests by people', 'Files and whole datasets that were retrieved.', [people('total_dataset_requests')]),
    stat('Requests by machines', 'The same, by the scripts and tools that people use.', [
      machines('total_dataset_requests'),
    ]),
    stat('Investigations by people', 'Views of datasets and their files, and every request.', [
      people('total_dataset_investigations'),
    ]),
    stat('Investigations by machines', 'The same, by the scripts and tools that people use.', [
      machines('total_dataset_investigations'),
    ]),
    stat('Volume by people', 'Bytes that requests have transferred.', [people('request_bytes')], { unit: 'bytes' }),
    stat('Volume by machines', 'The same, by the scripts and tools that people use.', [machines('request_bytes')], {
      unit: 'bytes',
    }),
    stat('Sessions with requests', 'Of people: a dataset counts once in a session, however many files of it.', [
      people('unique_dataset_requests'),
    ]),
    stat('Left out', 'Robots, double clicks, extractors and whatever else does not count.', [
      influx(added(`"type" = 'left_out'`), 'left out'),
    ]),

    row('By month'),
    bars('Requests', 'Retrievals of files and whole datasets.', both('total_dataset_requests')),
    bars(
      'Investigations',
      'Views of datasets and their files, and every request.',
      both('total_dataset_investigations'),
    ),
    bars('Sessions with requests', 'A dataset counts once in a session.', both('unique_dataset_requests')),
    bars('Sessions with investigations', 'A dataset counts once in a session.', both('unique_dataset_investigations')),
    bars('Volume of requests', 'Bytes that requests have transferred.', both('request_bytes'), { unit: 'bytes' }),
    bars('Volume of investigations', 'Bytes that all accesses have transferred, requests among them.', both('bytes'), {
      unit: 'bytes',
    }),

    row('By day'),
    series('Requests', 'Retrievals of files and whole datasets, by the day (UTC).', both('total_dataset_requests'), {
      width: 24,
      bars: true,
      interval: '1d',
    }),

    row('By dataset and space'),
    table(
      'Most used datasets',
      `${newest} What belongs to no known dataset has no id.`,
      [changes(['resource_name', 'resource_id'])],
      { transformations: largest('resource_id', 'resource_name', 'added') },
    ),
    table(
      'Most used spaces',
      `${newest} A dataset that is in several spaces is shown in the first.`,
      [changes(['space_name', 'space_id'])],
      { transformations: largest('space_id', 'space_name', 'added') },
    ),

    row('Left out'),
    bars('Left out by reason', 'Accesses that do not count.', leftOut, { width: 24, stacked: true }),
  ],
});
