import { ask, type EventPage, type StoredEvent } from '../elements/api.js';
import { html, type Markup } from '../elements/html.js';
import { usePolled } from '../elements/polling.js';
import { type Range, span } from '../elements/range.js';
import { Empty, Failure, Loading, StateChip, type Tone } from '../elements/states.js';
import { dateAndTime, duration } from '../elements/words.js';

interface Segment {
  readonly state: string;
  readonly from: number;
  readonly to: number;
}

interface Service {
  readonly name: string;
  readonly segments: readonly Segment[];
}

const tones: Readonly<Record<string, Tone>> = { up: 'good', degraded: 'waiting', maintenance: 'waiting', down: 'bad' };
/** Changes read for the bars; and of the time before them, to know how each service began. */
const maxChanges = 1000;
const earlierChanges = 200;
const minMs = 10_000;

/** Which service was up and which was not: a bar for each, from the changes that were reported. */
export function Services({ range, offset }: { range: Range; offset: number }): Markup {
  const { data, error, refresh } = usePolled<readonly Service[]>(
    `services ${range.id}`,
    Math.max(range.everyMs, minMs),
    async () => {
      const { from, to } = span(range, offset);
      const [within, before] = await Promise.all([
        changes({ from, to, limit: maxChanges }),
        changes({ to: from, limit: earlierChanges }),
      ]);
      return servicesOf(before, within, from, Math.min(to, Date.now() + offset));
    },
  );
  return html`
    <article class="panel">
      <h3>Services</h3>
      ${data === undefined && error === undefined && html`<${Loading} what="Reading the changes" />`}
      ${data === undefined && error !== undefined && html`<${Failure} error=${error} onRetry=${refresh} />`}
      ${data?.length === 0 && html`<${Empty} title="No service has reported"><p>Health checks report changes by themselves; anybody with a key can at <code>POST /v1/service-status</code>.</p><//>`}
      ${data !== undefined && data.length > 0 && html`<ul class="services">${data.map(service => html`<${Bar} key=${service.name} service=${service} />`)}</ul>`}
    </article>`;
}

function Bar({ service: { name, segments } }: { service: Service }): Markup {
  const first = segments[0];
  const last = segments.at(-1);
  if (first === undefined || last === undefined) return html`<li></li>`;
  const whole = last.to - first.from;
  const known = segments.filter(({ state }) => state !== 'unknown');
  const up = sum(known.filter(({ state }) => state === 'up'));
  const share = sum(known) === 0 ? undefined : (up / sum(known)) * 100;
  const outages = known.filter(({ state }) => state !== 'up');
  return html`
    <li>
      <div class="service-head">
        <span class="service-name">${name}</span>
        <${StateChip} tone=${tones[last.state] ?? 'idle'} word=${last.state} />
        ${share !== undefined && html`<span class="service-share">${share === 100 ? '100' : share.toFixed(share > 99 ? 2 : 1)} % up</span>`}
      </div>
      <div class="service-bar" role="img" aria-label=${outages.length === 0 ? `${name}: no trouble in this time` : `${name}: ${outages.map(spoken).join('; ')}`}>
        ${segments.map(
          segment =>
            html`<span key=${segment.from} class="segment ${tones[segment.state] ?? 'idle'}" style=${{ flexGrow: String((segment.to - segment.from) / whole) }} title=${`${segment.state}: ${dateAndTime(segment.from)}, for ${duration(segment.to - segment.from)}`}></span>`,
        )}
      </div>
    </li>`;
}

const sum = (segments: readonly Segment[]): number => segments.reduce((total, { from, to }) => total + to - from, 0);
const spoken = ({ state, from, to }: Segment): string =>
  `${state} from ${dateAndTime(from)} for ${duration(to - from)}`;

async function changes(query: { from?: number; to: number; limit: number }): Promise<readonly StoredEvent[]> {
  const page = await ask<EventPage>('v1/events', { query: { category: 'service_status', ...query } });
  return page.events;
}

/** Both lists newest first. */
function servicesOf(
  before: readonly StoredEvent[],
  within: readonly StoredEvent[],
  from: number,
  to: number,
): Service[] {
  const states = new Map<string, Segment[]>();
  for (const event of [...before].reverse()) states.set(nameOf(event), [{ state: event.type ?? 'unknown', from, to }]);
  for (const event of [...within].reverse()) {
    const name = nameOf(event);
    const segments = states.get(name) ?? [{ state: 'unknown', from, to }];
    const last = segments.pop() as Segment;
    if (event.created > last.from) segments.push({ ...last, to: event.created });
    segments.push({ state: event.type ?? 'unknown', from: event.created, to });
    states.set(name, segments);
  }
  return [...states].map(([name, segments]) => ({ name, segments })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

const nameOf = (event: StoredEvent): string =>
  typeof event.service_name === 'string' ? event.service_name : '(no name)';
