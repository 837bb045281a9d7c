import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { SinkStatus, Status } from '../../../openapi/api-types.js';
import { actorPaths } from '../../status/actor-paths.js';
import { duration, number, plural, rate, short } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import { type PageSection, type PageState, Section } from '../elements/section.js';
import { Sparkline } from '../elements/sparkline.js';
import { isHeld, StateChip, sinkState, type Tone } from '../elements/states.js';
import { useRates } from './rates.js';
import { type Source, useSources } from './sources.js';

export const flow: PageSection = { id: 'flow', title: 'Flow', View: Flow };

/** The events' way through this installation: where they come from, what keeps them, where they go. */
function Flow({ page: { status, now } }: { page: PageState }): Markup {
  const rates = useRates(status);
  const sources = useSources(status);
  const { broker, sinks } = status;
  const brokerTone = ({ ready: 'good', outbox: 'waiting', down: 'bad' } as const)[broker.state];
  const links: Link[] = [
    ...sources.map(({ id, perSecond }) => ({
      from: `source-${id}`,
      to: 'broker',
      tone: 'good' as const,
      flows: (perSecond ?? rates.incoming) > 0,
    })),
    ...sinks.map(({ sink, state }) => ({
      from: 'broker',
      to: `sink-${sink}`,
      tone: sinkState(state).tone,
      flows: (rates.outgoing.get(sink) ?? 0) > 0,
    })),
  ];
  return html`
    <${Section} of=${flow} aside=${html`<span class="muted">${rate(rates.incoming)} in · ${waitingIn(sinks)}</span>`}>
      <${Diagram} links=${links}>
        <div class="flow-column sources">
          <h3 class="flow-title">Sources</h3>
          ${sources.map(source => html`<${SourceNode} key=${source.id} source=${source} />`)}
        </div>
        <div class="flow-column middle">
          <h3 class="flow-title">Broker</h3>
          <div class="node broker ${brokerTone}" data-node="broker">
            <div class="node-head"><span class="node-title">${broker.kind === 'rabbitmq' ? 'RabbitMQ' : 'Embedded broker'}</span>
              <${StateChip} tone=${brokerTone} word=${broker.state === 'outbox' ? 'to outbox' : broker.state} /></div>
            <p class="figure ${rates.incoming === 0 ? 'still' : ''}">${rate(rates.incoming)}</p>
            <p class="node-note">${broker.detail}</p>
            ${broker.outbox > 0 && html`<p class="node-note strong">${plural(broker.outbox, 'event')} in the outbox</p>`}
          </div>
        </div>
        <div class="flow-column sinks">
          <h3 class="flow-title">Sinks</h3>
          ${sinks.map(
            sink =>
              html`<${SinkNode} key=${sink.sink} sink=${sink} perSecond=${rates.outgoing.get(sink.sink) ?? 0} history=${rates.history.get(sink.sink) ?? []} status=${status} now=${now} />`,
          )}
        </div>
      <//>
    <//>`;
}

/** Every sink has a queue of its own, so an event that two of them have not taken yet waits twice. */
function waitingIn(sinks: readonly SinkStatus[]): string {
  if (sinks.some(({ pending }) => pending === null)) return 'how many events wait is not known';
  const behind = sinks.filter(({ pending }) => Number(pending) > 0);
  const [only] = behind;
  if (only === undefined) return 'nothing waiting';
  const maxPending = Math.max(...behind.map(({ pending }) => Number(pending)));
  if (behind.length === 1) return `${plural(maxPending, 'event')} waiting for ${only.title}`;
  return `up to ${plural(maxPending, 'event')} waiting for each of ${behind.length} sinks`;
}

function SourceNode({ source }: { source: Source }): Markup {
  const { id, title, perSecond, lastHour } = source;
  return html`
    <div class="node source" data-node="source-${id}">
      <div class="node-head"><span class="node-title">${title}</span>
        ${perSecond !== undefined && html`<span class="node-rate">${perSecond === 0 ? 'quiet' : rate(perSecond)}</span>`}</div>
      ${lastHour !== undefined && html`<p class="node-note">${number(lastHour)} in the last hour</p>`}
    </div>`;
}

interface SinkNodeProps {
  readonly sink: SinkStatus;
  readonly perSecond: number;
  readonly history: readonly number[];
  readonly status: Status;
  readonly now: number;
}

function SinkNode({ sink, perSecond, history, status, now }: SinkNodeProps): Markup {
  const { tone, word } = sinkState(sink.state);
  const still = sink.state === 'running' && perSecond === 0 && sink.pending === 0;
  const actor = status.actors.find(({ path }) => path === actorPaths.sink(sink.sink));
  const next = actor?.next_try ?? null;
  const why = sink.state === 'running' ? undefined : actor?.last_error?.message;
  return html`
    <article class="node sink ${tone}" data-node="sink-${sink.sink}" aria-label=${sink.title}>
      <div class="node-head"><span class="node-title">${sink.title}</span><${StateChip} tone=${tone} word=${still ? 'up to date' : word} /></div>
      <div class="sink-body">
        <p class="figure ${perSecond === 0 ? 'still' : ''}">${rate(perSecond)}</p>
        <${Sparkline} values=${history} />
        <dl class="sink-numbers">
          <div><dt>delivered</dt><dd title=${number(sink.delivered)}>${short(sink.delivered)}</dd></div>
          <div class=${Number(sink.pending) > 0 && isHeld(sink.state) ? 'strong' : ''}><dt>${isHeld(sink.state) ? 'held' : 'waiting'}</dt>${sink.pending === null ? html`<dd title="not known: the broker does not say">?</dd>` : html`<dd title=${number(sink.pending)}>${short(sink.pending)}</dd>`}</div>
          <div><dt>oldest</dt><dd>${sink.oldest === null ? '–' : duration(now - sink.oldest)}</dd></div>
          <div class=${Number(sink.dead) > 0 ? 'strong' : ''}><dt>dead</dt>${sink.dead === null ? html`<dd title="not known: the broker does not say">?</dd>` : html`<dd>${sink.dead > 0 ? html`<a href="#dead-letters">${short(sink.dead)}</a>` : '0'}</dd>`}</div>
        </dl>
      </div>
      ${sink.batch_size < sink.batch_limit && html`<p class="node-note">writes of ${plural(sink.batch_size, 'event')}, of at most ${number(sink.batch_limit)}</p>`}
      ${sink.concurrency_limit > 1 && html`<p class="node-note">${plural(sink.concurrency, 'write')} at once, of at most ${number(sink.concurrency_limit)}</p>`}
      ${why !== undefined && html`<p class="sink-why">${ended(why)}${next !== null && next > now ? html` <span class="muted">Next try in ${duration(next - now)}.</span>` : ''}</p>`}
    </article>`;
}

/** Some reasons are whole sentences already. */
const ended = (reason: string): string => (/[.!?]$/.test(reason) ? reason : `${reason}.`);

interface Link {
  readonly from: string;
  readonly to: string;
  readonly tone: Tone;
  readonly flows: boolean;
}

/** The nodes stand in columns; the lines between them are drawn where the nodes came to stand. */
function Diagram({ links, children }: { links: readonly Link[]; children?: unknown }): Markup {
  const place = useRef<HTMLDivElement>(null);
  const [paths, setPaths] = useState<ReadonlyMap<string, string>>(new Map());
  const nodes = links.map(({ from, to }) => `${from} ${to}`).join();

  useLayoutEffect(() => {
    const container = place.current;
    if (container === null) return;
    const draw = (): void => setPaths(curves(container, links));
    const watcher = new ResizeObserver(draw);
    watcher.observe(container);
    for (const node of container.querySelectorAll('[data-node]')) watcher.observe(node);
    draw();
    return () => watcher.disconnect();
  }, [nodes]);

  return html`
    <div class="flow" ref=${place}>
      <svg class="flow-lines" aria-hidden="true">
        ${links.map(({ from, to, tone, flows }) => {
          const path = paths.get(`${from} ${to}`);
          return path === undefined
            ? null
            : html`<path key="${from} ${to}" class="${tone} ${flows ? 'flows' : ''}" d=${path} />`;
        })}
      </svg>
      ${children}
    </div>`;
}

function curves(container: HTMLElement, links: readonly Link[]): Map<string, string> {
  const { left, top } = container.getBoundingClientRect();
  const boxOf = (name: string): DOMRect | undefined =>
    container.querySelector(`[data-node="${CSS.escape(name)}"]`)?.getBoundingClientRect();
  const paths = new Map<string, string>();
  for (const { from, to } of links) {
    const [start, end] = [boxOf(from), boxOf(to)];
    // In one column there is nothing to draw: the order says it.
    if (start === undefined || end === undefined || end.left < start.right) continue;
    const [x1, y1] = [start.right - left, middle(start) - top];
    const [x2, y2] = [end.left - left, middle(end) - top];
    const bend = (x2 - x1) / 2;
    paths.set(`${from} ${to}`, `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`);
  }
  return paths;
}

const middle = (box: DOMRect): number => box.top + box.height / 2;
