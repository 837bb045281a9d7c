import { useMemo, useState } from 'preact/hooks';
import type { ServiceState } from '../../../openapi/api-types.js';
import { dateAndTime, duration, percent, seconds } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import { type Range, RangeChooser, ranges } from '../elements/range.js';
import { type PageSection, type PageState, Section } from '../elements/section.js';
import { Empty, Failure, StateChip, serviceState } from '../elements/states.js';
import { nothingReported, type Reported, unchangedHistory, useHistories } from './history.js';
import type { Outage } from './outage.js';
import { Outages } from './outages.js';
import { ReportLink } from './report-link.js';
import type { History, Planned, Segment } from './timeline.js';

export const services: PageSection = {
  id: 'services',
  title: 'Services',
  View: Services,
  count: status => status.services.filter(({ state }) => state === 'down').length,
};

/** A service that is watched, that has reported about itself, or both. */
interface Service {
  readonly name: string;
  readonly watched: ServiceState | undefined;
  readonly history: History;
  readonly outages: readonly Outage[];
  readonly planned: readonly Planned[];
}

/** Every service: how it is now, and how it was. */
function Services({ page: { status, stored, offset, now } }: { page: PageState }): Markup {
  const [range, setRange] = useState<Range>(ranges[0]);
  const { data: reported, error, refresh } = useHistories(stored ? range : undefined, offset);
  const all = useMemo(
    () => joined(status.services, reported ?? nothingReported, status.now - range.length, status.now),
    [status, reported, range],
  );
  const chooser = stored && html`<${RangeChooser} name="services-range" range=${range} onChoose=${setRange} />`;
  const aside = html`${all.length > 0 && html`<${ReportLink} />`}${chooser}`;
  return html`
    <${Section} of=${services} aside=${aside}>
      ${all.length === 0 && html`<${Empty} title="No service is watched"><p>Set HEALTH_TARGETS to have services checked. Anybody with a key can also report one with <code>POST /v1/service-status</code>.</p><//>`}
      ${all.length > 0 && html`<ul class="services panel">${all.map(service => html`<${ServiceRow} key=${service.name} service=${service} range=${range} now=${now} />`)}</ul>`}
      ${error !== undefined && reported === undefined && html`<${Failure} error=${error} onRetry=${refresh} />`}
    <//>`;
}

function ServiceRow({ service, range, now }: { service: Service; range: Range; now: number }): Markup {
  const { name, watched, history, outages, planned } = service;
  const state = watched?.state ?? history.at(-1)?.state ?? 'unknown';
  const since = watched === undefined ? history.at(-1)?.from : watched.since;
  return html`
    <li>
      <div class="service-head">
        <span class="service-name">${name}</span>
        <${StateChip} ...${serviceState(state)} />
        ${since != null && state !== 'unknown' && html`<span class="service-since" title="Since ${dateAndTime(since)}">for ${duration(now - since)}</span>`}
        <span class="service-facts">${factsOf(watched, history).join(' · ')}</span>
      </div>
      ${watched !== undefined && watched.reason !== null && state !== 'up' && html`<p class="service-reason">${watched.reason}</p>`}
      ${history.length > 0 && html`<${HistoryBar} name=${name} history=${history} range=${range} />`}
      ${planned.map(one => html`<${PlannedMaintenance} key=${one.id} planned=${one} />`)}
      ${outages.length > 0 && html`<${Outages} outages=${outages} words=${range.words} />`}
      <p class="service-target">${watched !== undefined && html`${watched.target}${watched.checked === null ? ', not checked yet' : `, checked ${duration(now - watched.checked)} ago`} · `}<${ReportLink} service=${name} /></p>
    </li>`;
}

function PlannedMaintenance({ planned }: { planned: Planned }): Markup {
  const { id, from, until, message, by, declared } = planned;
  const time =
    until === undefined ? `from ${dateAndTime(from)} on` : `from ${dateAndTime(from)} for ${duration(until - from)}`;
  const who =
    by === undefined ? `declared on ${dateAndTime(declared)}` : `declared by ${by} on ${dateAndTime(declared)}`;
  return html`<p class="service-planned">Maintenance ${time}${message !== undefined && html`: ${message}`} <span class="service-declared">${who}, <code>${id}</code></span></p>`;
}

function factsOf(watched: ServiceState | undefined, history: History): readonly string[] {
  const share = shareUp(history);
  return [
    ...(watched?.response_time == null ? [] : [`answers in ${seconds(watched.response_time)}`]),
    ...(watched?.uptime == null ? [] : [`${percent(watched.uptime)} up in 24 hours`]),
    ...(watched === undefined && share !== undefined ? [`${percent(share)} up in the time shown`] : []),
  ];
}

function HistoryBar({ name, history, range }: { name: string; history: History; range: Range }): Markup {
  const [first, last] = [history[0], history.at(-1)];
  const whole = (last?.to ?? 0) - (first?.from ?? 0);
  const bad = history.filter(({ state }) => state !== 'up' && state !== 'unknown');
  const words = bad.length === 0 ? `nothing but up in the ${range.words}` : bad.map(describe).join('; ');
  return html`
    <div class="service-bar" role="img" aria-label="${name}: ${words}">
      ${history.map(
        segment =>
          html`<span key=${segment.from} class="segment ${serviceState(segment.state).tone}" style=${{ flexGrow: String((segment.to - segment.from) / whole) }} title=${describe(segment)}></span>`,
      )}
    </div>`;
}

const describe = ({ state, from, to }: Segment): string =>
  `${serviceState(state).word} from ${dateAndTime(from)} for ${duration(to - from)}`;

/** Share of the time in which the state was known, percent. */
function shareUp(history: History): number | undefined {
  const length = (segments: History): number => segments.reduce((total, { from, to }) => total + to - from, 0);
  const known = length(history.filter(({ state }) => state !== 'unknown'));
  return known === 0 ? undefined : (length(history.filter(({ state }) => state === 'up')) / known) * 100;
}

/** A watched service that has reported no change has been in its state since that began. */
function joined(
  watched: readonly ServiceState[],
  { histories, outages, planned }: Reported,
  from: number,
  to: number,
): readonly Service[] {
  const names = new Set([...watched.map(({ service_name: name }) => name), ...histories.keys(), ...planned.keys()]);
  return [...names].sort().map(name => {
    const service = watched.find(({ service_name: other }) => other === name);
    const unchanged = service === undefined ? [] : unchangedHistory(service, from, to);
    const history = histories.get(name) ?? unchanged;
    const ahead = planned.get(name) ?? [];
    return { name, watched: service, history, outages: outages.get(name) ?? [], planned: ahead };
  });
}
