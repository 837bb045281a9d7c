// Short words for Grafana's long JSON: data sources, targets, panels and their layout. Grafana 10.4 or newer.

export const influxdb = { type: 'influxdb', uid: '$influxdb' };
export const prometheus = { type: 'prometheus', uid: '$prometheus' };

/** Fixed by provisioning, so that dashboards find their data source without a click. */
export const uids = { influxdb: 'clowder-influxdb', prometheus: 'clowder-prometheus' };

const colours = { good: 'green', watch: 'orange', bad: 'red', plain: 'text', calm: 'blue' };

/** InfluxQL, drawn as series; `alias` may use `$tag_NAME` and `$col`. */
export function influx(query, alias) {
  return { datasource: influxdb, query, rawQuery: true, resultFormat: 'time_series', ...(alias ? { alias } : {}) };
}

/** InfluxQL, as rows: for tables, and for what is split by a field, which InfluxQL cannot group by. */
export function rows(query) {
  return { datasource: influxdb, query, rawQuery: true, resultFormat: 'table' };
}

export function prom(expr, legendFormat = '__auto') {
  return { datasource: prometheus, expr, legendFormat, range: true, instant: false };
}

/** Only the value of now. */
export function promNow(expr, legendFormat = '__auto') {
  return { datasource: prometheus, expr, legendFormat, range: false, instant: true };
}

/** `[[from, colour], …]`, the first without a `from`. */
export function steps(first, ...further) {
  return {
    mode: 'absolute',
    steps: [
      { color: colours[first] ?? first, value: null },
      ...further.map(([value, colour]) => ({ color: colours[colour] ?? colour, value })),
    ],
  };
}

export const never = steps('good', [1, 'bad']);

export function stat(title, description, targets, options = {}) {
  const { unit = 'short', calc = 'sum', thresholds = steps('calm'), decimals, mappings = [], spark = true } = options;
  return {
    type: 'stat',
    title,
    description,
    targets,
    width: options.width ?? 3,
    height: options.height ?? 4,
    fieldConfig: {
      defaults: {
        unit,
        mappings,
        thresholds,
        noValue: options.noValue ?? '0',
        color: { mode: 'thresholds' },
        ...(decimals === undefined ? {} : { decimals }),
      },
      overrides: [],
    },
    options: {
      reduceOptions: { values: false, calcs: [calc], fields: '' },
      orientation: 'auto',
      textMode: options.textMode ?? 'auto',
      colorMode: options.colorMode ?? 'value',
      graphMode: spark ? 'area' : 'none',
      justifyMode: 'auto',
      wideLayout: true,
      showPercentChange: false,
      percentChangeColorMode: 'standard',
    },
    ...transformed(options),
  };
}

/** Lines, or `bars`, or either `stacked`. */
export function series(title, description, targets, options = {}) {
  const { unit = 'short', bars = false, stacked = false, thresholds = steps('good'), min = 0, calcs } = options;
  return {
    type: 'timeseries',
    title,
    description,
    targets,
    width: options.width ?? 12,
    height: options.height ?? 8,
    ...(options.interval ? { interval: options.interval } : {}),
    fieldConfig: {
      defaults: {
        unit,
        min,
        ...(options.max === undefined ? {} : { max: options.max }),
        ...(options.decimals === undefined ? {} : { decimals: options.decimals }),
        ...(options.name ? { displayName: options.name } : {}),
        color: { mode: 'palette-classic' },
        thresholds,
        custom: {
          drawStyle: bars ? 'bars' : 'line',
          lineInterpolation: 'linear',
          lineWidth: bars ? 0 : 2,
          fillOpacity: bars ? 80 : stacked ? 40 : 10,
          gradientMode: 'none',
          showPoints: options.points ?? 'never',
          pointSize: 5,
          spanNulls: options.spanNulls ?? false,
          axisLabel: options.axis ?? '',
          axisSoftMin: 0,
          stacking: { mode: stacked ? 'normal' : 'none', group: 'A' },
          thresholdsStyle: { mode: options.thresholds ? 'line+area' : 'off' },
        },
      },
      overrides: options.overrides ?? [],
    },
    options: {
      legend: {
        displayMode: calcs ? 'table' : 'list',
        placement: options.legend ?? 'bottom',
        showLegend: true,
        calcs: calcs ?? [],
        ...(calcs ? { sortBy: calcs.includes('sum') ? 'Total' : 'Last *', sortDesc: true } : {}),
      },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
    ...transformed(options),
  };
}

/** Which state when, a line each. */
export function timeline(title, description, targets, options) {
  return {
    type: 'state-timeline',
    title,
    description,
    targets,
    width: options.width ?? 24,
    height: options.height ?? 7,
    fieldConfig: {
      defaults: {
        mappings: options.mappings,
        color: { mode: 'thresholds' },
        thresholds: steps('plain'),
        ...(options.name ? { displayName: options.name } : {}),
        custom: { fillOpacity: 80, lineWidth: 0, spanNulls: options.spanNulls ?? false },
      },
      overrides: [],
    },
    options: {
      mergeValues: true,
      showValue: 'auto',
      alignValue: 'left',
      rowHeight: 0.85,
      legend: { showLegend: false, displayMode: 'list', placement: 'bottom', calcs: [] },
      tooltip: { mode: 'single', sort: 'none' },
    },
    ...transformed(options),
  };
}

/** Sums by calendar month, a bar for each series, or all of them in one. InfluxQL has no months: Grafana makes them. */
export function bars(title, description, targets, options = {}) {
  const names = targets.map(({ alias }) => alias);
  return {
    type: 'barchart',
    title,
    description,
    targets,
    width: options.width ?? 12,
    height: options.height ?? 8,
    fieldConfig: {
      defaults: {
        unit: options.unit ?? 'short',
        color: { mode: 'palette-classic' },
        thresholds: steps('good'),
        custom: { lineWidth: 0, fillOpacity: 80, gradientMode: 'none', axisLabel: '', axisSoftMin: 0 },
      },
      overrides: [],
    },
    options: {
      xField: 'Time',
      orientation: 'vertical',
      stacking: options.stacked ? 'normal' : 'none',
      showValue: 'auto',
      groupWidth: 0.7,
      barWidth: 0.97,
      barRadius: 0,
      xTickLabelRotation: 0,
      xTickLabelSpacing: 0,
      fullHighlight: false,
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: ['sum'] },
      tooltip: { mode: 'multi', sort: 'none' },
    },
    transformations: [
      { id: 'joinByField', options: { byField: 'Time', mode: 'outer' } },
      {
        id: 'formatTime',
        options: { timeField: 'Time', outputFormat: 'YYYY-MM', useTimezone: true, timezone: 'utc' },
      },
      {
        id: 'groupBy',
        options: {
          fields: {
            Time: { operation: 'groupby', aggregations: [] },
            ...Object.fromEntries(names.map(name => [name, { operation: 'aggregate', aggregations: ['sum'] }])),
          },
        },
      },
      columns([], Object.fromEntries(names.map(name => [`${name} (sum)`, name]))),
    ],
  };
}

/** `columns`: override properties by column name. */
export function table(title, description, targets, options = {}) {
  return {
    type: 'table',
    title,
    description,
    targets,
    width: options.width ?? 12,
    height: options.height ?? 8,
    fieldConfig: {
      defaults: {
        custom: { align: 'auto', filterable: options.filterable ?? false },
        thresholds: steps('plain'),
        noValue: '–',
      },
      overrides: Object.entries(options.columns ?? {}).map(([name, properties]) => ({
        matcher: { id: 'byName', options: name },
        properties: Object.entries(properties).map(([id, value]) => ({ id, value })),
      })),
    },
    options: {
      showHeader: true,
      cellHeight: 'sm',
      footer: { show: false, reducer: ['sum'], fields: [], countRows: false },
      ...(options.sort ? { sortBy: [{ displayName: options.sort, desc: true }] } : {}),
    },
    ...transformed(options),
  };
}

export function barGauge(title, description, targets, options = {}) {
  return {
    type: 'bargauge',
    title,
    description,
    targets,
    width: options.width ?? 8,
    height: options.height ?? 8,
    fieldConfig: {
      defaults: {
        unit: options.unit ?? 'short',
        min: 0,
        ...(options.max === undefined ? {} : { max: options.max }),
        ...(options.decimals === undefined ? {} : { decimals: options.decimals }),
        ...(options.name ? { displayName: options.name } : {}),
        color: { mode: 'thresholds' },
        thresholds: options.thresholds,
      },
      overrides: [],
    },
    options: {
      displayMode: 'lcd',
      orientation: 'horizontal',
      valueMode: 'color',
      showUnfilled: true,
      minVizHeight: 16,
      maxVizHeight: 40,
      minVizWidth: 8,
      legend: { showLegend: false, displayMode: 'list', placement: 'bottom', calcs: [] },
      namePlacement: 'auto',
      sizing: 'auto',
      reduceOptions: { values: false, calcs: [options.calc ?? 'lastNotNull'], fields: options.fields ?? '' },
    },
    ...transformed(options),
  };
}

/** A Prometheus histogram, by its buckets. */
export function heatmap(title, description, expr, options = {}) {
  return {
    type: 'heatmap',
    title,
    description,
    targets: [{ ...prom(expr, '{{le}}'), format: 'heatmap' }],
    width: options.width ?? 12,
    height: options.height ?? 8,
    fieldConfig: { defaults: { custom: { scaleDistribution: { type: 'linear' } } }, overrides: [] },
    options: {
      calculate: false,
      cellGap: 1,
      color: { mode: 'scheme', scheme: 'Blues', steps: 64, exponent: 0.5, fill: 'blue', reverse: false },
      yAxis: { axisPlacement: 'left', unit: options.unit ?? 's', reverse: false },
      rowsFrame: { layout: 'auto' },
      tooltip: { mode: 'single', yHistogram: false, showColorScale: false },
      legend: { show: false },
      exemplars: { color: 'rgba(255,0,255,0.7)' },
      filterValues: { le: 1e-9 },
    },
  };
}

export function row(title) {
  return { type: 'row', title };
}

function transformed({ transformations }) {
  return transformations ? { transformations } : {};
}

/** A series for each value of a field. Its name: `${__field.labels.FIELD}`. */
export function splitBy(field) {
  return { id: 'partitionByValues', options: { fields: [field], keepFields: false, naming: { asLabels: true } } };
}

/** The most frequent values of fields; `counted` names a column that every row has, `summed` one of numbers. */
export function mostFrequent(fields, counted, as, { limit = 10, summed } = {}) {
  const column = `${counted} (count)`;
  const sums = summed === undefined ? {} : { [summed]: { operation: 'aggregate', aggregations: ['sum'] } };
  return [
    {
      id: 'groupBy',
      options: {
        fields: {
          ...Object.fromEntries(fields.map(name => [name, { operation: 'groupby', aggregations: [] }])),
          [counted]: { operation: 'aggregate', aggregations: ['count'] },
          ...sums,
        },
      },
    },
    { id: 'sortBy', options: { fields: {}, sort: [{ field: column, desc: true }] } },
    { id: 'limit', options: { limitField: String(limit) } },
    columns([], { [column]: as, ...(summed === undefined ? {} : { [`${summed} (sum)`]: summed }) }),
  ];
}

/** The things with the largest sums, by their ids; of their names, the first row's. */
export function largest(id, name, summed, limit = 25) {
  const [sum, first] = [`${summed} (sum)`, `${name} (firstNotNull)`];
  return [
    {
      id: 'groupBy',
      options: {
        fields: {
          [id]: { operation: 'groupby', aggregations: [] },
          [name]: { operation: 'aggregate', aggregations: ['firstNotNull'] },
          [summed]: { operation: 'aggregate', aggregations: ['sum'] },
        },
      },
    },
    { id: 'sortBy', options: { fields: {}, sort: [{ field: sum, desc: true }] } },
    { id: 'limit', options: { limitField: String(limit) } },
    columns([], { [first]: name, [sum]: 'sum' }),
  ];
}

/** Hides and names columns. */
export function columns(hidden, names = {}) {
  return {
    id: 'organize',
    options: {
      excludeByName: Object.fromEntries(hidden.map(name => [name, true])),
      indexByName: {},
      renameByName: names,
    },
  };
}

/** Text and colour of values: `{ true: ['up', 'good'] }`. */
export function mapping(values) {
  return [
    {
      type: 'value',
      options: Object.fromEntries(
        Object.entries(values).map(([value, [text, colour]], index) => [
          value,
          { text, color: colours[colour] ?? colour, index },
        ]),
      ),
    },
  ];
}

/** Panels in reading order, laid out in lines of 24 columns. */
export function dashboard({
  uid,
  title,
  description,
  panels,
  variables,
  annotations = [],
  time = 'now-24h',
  timezone = 'browser',
}) {
  return {
    uid,
    title,
    description,
    tags: ['clowder'],
    editable: true,
    graphTooltip: 1,
    schemaVersion: 39,
    version: 1,
    timezone,
    refresh: '1m',
    time: { from: time, to: 'now' },
    timepicker: {},
    fiscalYearStartMonth: 0,
    weekStart: '',
    links: [
      {
        type: 'dashboards',
        title: 'Clowder',
        tags: ['clowder'],
        asDropdown: false,
        icon: 'external link',
        includeVars: false,
        keepTime: true,
        targetBlank: false,
        tooltip: '',
        url: '',
      },
    ],
    templating: { list: variables },
    annotations: { list: annotations },
    panels: laidOut(panels),
  };
}

function laidOut(panels) {
  let x = 0;
  let y = 0;
  let lineHeight = 0;
  return panels.map(({ width = 24, height = 1, ...panel }, index) => {
    if (x + width > 24) {
      x = 0;
      y += lineHeight;
      lineHeight = 0;
    }
    const gridPos = { x, y, w: width, h: height };
    x += width;
    lineHeight = Math.max(lineHeight, height);
    const common = { id: index + 1, ...panel, gridPos };
    if (panel.type === 'row') return { ...common, collapsed: false, panels: [] };
    const targets = panel.targets.map((target, at) => ({ refId: String.fromCharCode(65 + at), ...target }));
    return { ...common, datasource: targets[0].datasource, targets };
  });
}

/** Lets the reader choose among the data sources of a type. */
export function dataSource(name, label) {
  return {
    type: 'datasource',
    name,
    label,
    query: name,
    regex: '',
    hide: 0,
    includeAll: false,
    multi: false,
    options: [],
    refresh: 1,
    current: { selected: false, text: label, value: uids[name] },
  };
}

/** Length of a bar or step, `auto` first. */
export function stepVariable() {
  const lengths = ['1m', '10m', '1h', '6h', '1d', '7d'];
  const auto = { selected: true, text: 'auto', value: '$__auto_interval_step' };
  return {
    type: 'interval',
    name: 'step',
    label: 'Step',
    description: 'Length of one step of the charts',
    query: lengths.join(','),
    auto: true,
    auto_count: 60,
    auto_min: '1m',
    refresh: 2,
    hide: 0,
    options: [auto, ...lengths.map(value => ({ selected: false, text: value, value }))],
    current: auto,
  };
}

/** A choice of fixed values by their names. */
export function choice(name, label, description, values) {
  const options = Object.entries(values).map(([text, value], index) => ({ selected: index === 0, text, value }));
  return {
    type: 'custom',
    name,
    label,
    description,
    query: options.map(({ text, value }) => `${text} : ${value}`).join(','),
    multi: false,
    includeAll: false,
    hide: 0,
    options,
    current: options[0],
  };
}

/** Values of a Prometheus label; `All` by default. */
export function labelVariable(name, label, query) {
  return {
    type: 'query',
    name,
    label,
    datasource: prometheus,
    definition: query,
    query: { query, refId: name },
    regex: '',
    sort: 1,
    refresh: 2,
    multi: true,
    includeAll: true,
    allValue: '.*',
    hide: 0,
    options: [],
    current: { selected: true, text: ['All'], value: ['$__all'] },
  };
}

/**
 * Changes of the state of services, as marks in every chart. An event that corrects another is no change: InfluxQL has
 * no condition for a field that is absent, but a comparison with it is false.
 */
export const outages = {
  name: 'Service status',
  datasource: influxdb,
  enable: true,
  hide: false,
  iconColor: 'red',
  target: {
    refId: 'Anno',
    fromAnnotations: true,
    rawQuery: true,
    query:
      'SELECT "service_name", "type", "message" FROM "events" WHERE "category" = \'service_status\' AND ("corrects" != \'\') = false AND $timeFilter ORDER BY time DESC LIMIT 200',
    titleColumn: '',
    textColumn: 'service_name',
    tagsColumn: 'type,message',
    timeEndColumn: '',
  },
};
