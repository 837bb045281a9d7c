import type { UsageAudit, UsageAuditCounts, UsageAuditDay, UsageAuditTotal } from '../../../openapi/api-types.js';
import { ask } from '../elements/api.js';
import { number } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import { usePolled } from '../elements/polling.js';
import { Section } from '../elements/section.js';
import { Empty, Failure, Loading } from '../elements/states.js';
import { seldomMs, useKept } from './answers.js';
import { AuditDays } from './audit-days.js';
import { monthInWords, monthsAfter } from './calendar.js';
import type { UsageSection, UsageState } from './section.js';
import { reasonInWords, sourceName } from './words.js';

export const audit: UsageSection = { id: 'usage-audit', title: 'Audit', View: Audit };

/** What the API compares at once. */
const maxMonths = 12;

/** What the sources say of the same accesses: what Clowder lost, and what passed the proxy by. */
function Audit({ usage: { query } }: { usage: UsageState }): Markup {
  const { to } = query;
  const from = [query.from, monthsAfter(to, 1 - maxMonths)].sort()[1] ?? to;
  const { data, error, stale, refresh } = useKept(
    usePolled(`usage audit ${from} ${to}`, seldomMs, () => ask('v1/usage/audit', { query: { from, to } })),
  );
  const period = from === to ? monthInWords(from) : `${monthInWords(from)} to ${monthInWords(to)}`;
  return html`
    <${Section} of=${audit} aside=${html`<span class="muted">${period}</span>`}>
      <p class="section-note">One source is counted. What else is heard of the same accesses is held against it, for all datasets, and says what one of the two has missed.</p>
      ${data === undefined && error === undefined && html`<${Loading} what="Comparing" />`}
      ${error !== undefined && stale && html`<${Failure} error=${error} onRetry=${refresh} />`}
      ${data?.controls.length === 0 && html`<${Empty} title="Nothing to compare with"><p>Only ${sourceName(data.source)} is heard. Set NGINX_ACCESS_LOG or RABBITMQ_URI, or have pages send events, and both are compared from then on.</p><//>`}
      ${data?.controls.map(control => html`<${Comparison} key=${`${control.source} ${control.control}`} control=${control} audit=${data} />`)}
    <//>`;
}

function Comparison({ control, audit: { days } }: { control: UsageAuditTotal; audit: UsageAudit }): Markup {
  const [counted, other] = [sourceName(control.source), sourceName(control.control)];
  const { views, downloads } = control;
  return html`
    <article class="panel usage-audit">
      <h3>${capitalised(counted)} and ${other}</h3>
      <table>
        <thead><tr><th scope="col"><span class="unseen">Who says it</span></th><th scope="col">Views</th><th scope="col">Downloads</th></tr></thead>
        <tbody>
          <${Row} title="Both say it" views=${views.matched} downloads=${downloads.matched} />
          <${Row} title="Only ${counted}" means=${control.counted_alone} views=${views.counted.alone} downloads=${downloads.counted.alone} />
          <${Row} title="Only ${other}" means=${control.control_alone} views=${views.control.alone} downloads=${downloads.control.alone} />
        </tbody>
      </table>
      <details>
        <summary>How these figures add up</summary>
        <ul>
          <li>${inWords(counted, 'views', views.counted, views.matched)}</li>
          <li>${inWords(counted, 'downloads', downloads.counted, downloads.matched)}</li>
          <li>${inWords(other, 'views', views.control, views.matched)}</li>
          <li>${inWords(other, 'downloads', downloads.control, downloads.matched)}</li>
        </ul>
      </details>
      <${AuditDays} days=${days.filter(day => day.source === control.source && differs(day, control.control))} control=${control.control} counted=${counted} other=${other} />
    </article>`;
}

interface RowProps {
  readonly title: string;
  readonly means?: string;
  readonly views: number;
  readonly downloads: number;
}

function Row({ title, means, views, downloads }: RowProps): Markup {
  const cell = (count: number): Markup => html`<td class=${count === 0 ? 'zero' : ''}>${number(count)}</td>`;
  return html`<tr><th scope="row">${title}${means !== undefined && html`<span class="muted">${capitalised(means)}.</span>`}</th>${cell(views)}${cell(downloads)}</tr>`;
}

/** How a side adds up, to the last access. */
function inWords(
  source: string,
  kind: string,
  { accesses, alone, repeated, incomparable, left_out }: UsageAuditCounts['counted'],
  matched: number,
): string {
  const parts = [
    ...(repeated > 0 ? [`${number(repeated)} said once more`] : []),
    ...(incomparable > 0 ? [`${number(incomparable)} of a kind that the other never says`] : []),
    ...Object.entries(left_out).map(
      ([reason, count]) => `${number(count)} left out by the other (${reasonInWords(reason)})`,
    ),
  ];
  return `${capitalised(source)} says ${number(accesses)} ${kind}: ${[`${number(matched)} are said by both`, `${number(alone)} by it alone`, ...parts].join(', ')}.`;
}

/** Something stands alone on that day. */
function differs({ controls }: UsageAuditDay, name: string): boolean {
  return controls.some(
    ({ control, views, downloads }) =>
      control === name && [views, downloads].some(({ counted, control: other }) => counted.alone + other.alone > 0),
  );
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
