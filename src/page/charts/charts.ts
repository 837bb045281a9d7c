import { useMemo, useState } from 'preact/hooks';
import type { Series, SeriesLine } from '../../../openapi/api-types.js';
import { ask } from '../elements/api.js';
import { number, seconds } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import { usePolled } from '../elements/polling.js';
import { type Range, RangeChooser, ranges, span } from '../elements/range.js';
import { type PageSection, type PageState, Section } from '../elements/section.js';
import { Empty, Failure, Loading, StoreOff } from '../elements/states.js';
import { Chart } from './chart.js';

export const charts: PageSection = { id: 'charts', title: 'Charts', View: Charts };

/** Stored events over time. They do not change with every second. */
function Charts({ page: { offset, stored } }: { page: PageState }): Markup {
  const [range, setRange] = useState<Range>(ranges[0]);
  return useMemo(() => {
    if (!stored) return html`<${Section} of=${charts}><${StoreOff} /><//>`;
    return html`
      <${Section} of=${charts} aside=${html`<${RangeChooser} name="charts-range" range=${range} onChoose=${setRange} />`}>
        <div class="charts">
          <${Counts} range=${range} offset=${offset} />
          <${Connections} range=${range} offset=${offset} />
          <${ResponseTimes} range=${range} offset=${offset} />
        </div>
      <//>`;
  }, [range, offset, stored]);
}

interface PanelProps {
  readonly range: Range;
  readonly offset: number;
}

function Counts({ range, offset }: PanelProps): Markup {
  const series = useSeries('counts', range, offset, {});
  return html`
    <${Panel} title="Events by category" series=${series} wide empty="No events in this time" hint="Events are counted by the time they carry.">
      ${(data: Series) => html`<${Chart} kind="columns" times=${data.times} lines=${data.lines} step=${range.step} label="Events by category, ${range.words}" format=${number} />`}
    <//>`;
}

function Connections({ range, offset }: PanelProps): Markup {
  const connections = useSeries('connections', range, offset, { category: 'connections', field: 'connections' });
  const visitors = useSeries('visitors', range, offset, { category: 'connections', field: 'visitors' });
  const data = useMemo(() => merged(connections.data, visitors.data), [connections.data, visitors.data]);
  return html`
    <${Panel} title="Connections" series=${{ ...connections, data }} empty="No connections counted in this time" hint="They come from the NGINX log: set NGINX_ACCESS_LOG.">
      ${(shown: Series) => html`<${Chart} kind="lines" times=${shown.times} lines=${shown.lines} step=${range.step} label="Mean number of connections per window, ${range.words}" format=${number} />`}
    <//>`;
}

function ResponseTimes({ range, offset }: PanelProps): Markup {
  const series = useSeries('response', range, offset, {
    category: 'health',
    field: 'response_time_avg',
    by: 'service_name',
  });
  return html`
    <${Panel} title="Response times" series=${series} empty="No response times in this time" hint="They come from the health checks: set HEALTH_TARGETS.">
      ${(data: Series) => html`<${Chart} kind="lines" times=${data.times} lines=${data.lines} step=${range.step} label="Mean response time by service, ${range.words}" format=${seconds} />`}
    <//>`;
}

interface PanelOptions {
  readonly title: string;
  readonly series: ReturnType<typeof useSeries>;
  readonly empty: string;
  readonly hint: string;
  readonly wide?: boolean;
  readonly children?: (data: Series) => Markup;
}

function Panel({ title, series: { data, error, refresh }, empty, hint, wide = false, children }: PanelOptions): Markup {
  const has = data?.lines.some(({ values }) => values.some(value => value !== null && value !== 0)) ?? false;
  return html`
    <article class="panel ${wide ? 'wide' : ''}">
      <h3>${title}</h3>
      ${data === undefined && error === undefined && html`<${Loading} what="Counting" />`}
      ${data === undefined && error !== undefined && html`<${Failure} error=${error} onRetry=${refresh} />`}
      ${data !== undefined && (has ? children?.(data) : html`<${Empty} title=${empty}><p>${hint}</p><//>`)}
    </article>`;
}

function useSeries(name: string, range: Range, offset: number, filter: Readonly<Record<string, string>>) {
  return usePolled(`${name} ${range.id}`, range.everyMs, () =>
    ask('v1/series', { query: { ...span(range, offset), ...filter } }),
  );
}

function merged(connections: Series | undefined, visitors: Series | undefined): Series | undefined {
  if (connections === undefined || visitors === undefined) return undefined;
  const named = (name: string, series: Series): SeriesLine[] =>
    series.lines.map(line => ({ name, values: line.values }));
  return { times: connections.times, lines: [...named('connections', connections), ...named('visitors', visitors)] };
}
