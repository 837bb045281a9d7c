import { useMemo, useState } from 'preact/hooks';
import { ask, type Line, type Series } from '../elements/api.js';
import { html, type Markup } from '../elements/html.js';
import { usePolled } from '../elements/polling.js';
import { type Range, ranges, span } from '../elements/range.js';
import { Empty, Failure, Loading, Section, StoreOff } from '../elements/states.js';
import { number, seconds } from '../elements/words.js';
import { Services } from '../services/services.js';
import { Chart } from './chart.js';

export function Charts({ offset, stored }: { offset: number; stored: boolean }): Markup {
  const [range, setRange] = useState<Range>(ranges[0] as Range);
  if (!stored) return html`<${Section} id="charts" title="Charts"><${StoreOff} /><//>`;
  const chooser = html`
    <fieldset class="segments"><legend class="unseen">Time shown</legend>
      ${ranges.map(
        one =>
          html`<label key=${one.id}><input type="radio" name="range" value=${one.id} checked=${one === range} onChange=${() => setRange(one)} /><span>${one.title}</span></label>`,
      )}
    </fieldset>`;
  return html`
    <${Section} id="charts" title="Charts" aside=${chooser}>
      <div class="charts">
        <${Counts} range=${range} offset=${offset} />
        <${Connections} range=${range} offset=${offset} />
        <${ResponseTimes} range=${range} offset=${offset} />
        <${Services} range=${range} offset=${offset} />
      </div>
    <//>`;
}

interface PanelProps {
  readonly range: Range;
  readonly offset: number;
}

function Counts({ range, offset }: PanelProps): Markup {
  const series = useSeries('counts', range, offset, {});
  return html`
    <${Panel} title="Events by category" series=${series} wide empty="No events in this time" hint="They are counted by the time in the event.">
      ${(data: Series) => html`<${Chart} kind="columns" times=${data.times} lines=${data.lines} step=${range.step} words="Events by category, ${range.words}" format=${number} />`}
    <//>`;
}

function Connections({ range, offset }: PanelProps): Markup {
  const connections = useSeries('connections', range, offset, { category: 'connections', field: 'connections' });
  const visitors = useSeries('visitors', range, offset, { category: 'connections', field: 'visitors' });
  const data = useMemo(() => merged(connections.data, visitors.data), [connections.data, visitors.data]);
  return html`
    <${Panel} title="Connections" series=${{ ...connections, data }} empty="No connections counted in this time" hint="They come from the NGINX log: set NGINX_ACCESS_LOG.">
      ${(shown: Series) => html`<${Chart} kind="lines" times=${shown.times} lines=${shown.lines} step=${range.step} words="Connections in each window, mean, ${range.words}" format=${number} />`}
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
      ${(data: Series) => html`<${Chart} kind="lines" times=${data.times} lines=${data.lines} step=${range.step} words="Mean response time by service, ${range.words}" format=${seconds} />`}
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
  return usePolled<Series>(`${name} ${range.id}`, range.everyMs, () =>
    ask<Series>('v1/series', { query: { ...span(range, offset), ...filter } }),
  );
}

function merged(connections: Series | undefined, visitors: Series | undefined): Series | undefined {
  if (connections === undefined || visitors === undefined) return undefined;
  const named = (name: string, series: Series): Line[] => series.lines.map(line => ({ name, values: line.values }));
  return { times: connections.times, lines: [...named('connections', connections), ...named('visitors', visitors)] };
}
