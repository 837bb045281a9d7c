import type { Ledger } from '../../../openapi/api-types.js';
import { ask } from '../elements/api.js';
import { hourAndMinute, number } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import { usePolled } from '../elements/polling.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const everyMs = 60_000;

interface RecentProps {
  readonly ledger: Ledger;
  /** The sink whose events can be queried. */
  readonly store: string | undefined;
  readonly now: number;
}

/** How much has come in lately, by the hour: that is how the ledger and the local store count. */
export function Recent({ ledger, store, now }: RecentProps): Markup | null {
  const hour = Math.floor(now / hourMs) * hourMs;
  if (ledger.hours.length === 0) return store !== undefined ? html`<${StoredLately} hour=${hour} />` : null;
  const rows = ledger.hours.filter(({ sink }) => sink === mainSink(ledger, store));
  const since = (from: number): number =>
    rows.filter(row => row.hour !== null && row.hour >= from).reduce((sum, row) => sum + row.accepted, 0);
  return html`<${Numbers} hour=${hour} lately=${since(hour)} day=${since(hour - dayMs + hourMs)} />`;
}

/**
 * Every sink is offered every event. What was sent again counts twice, which the local
 * store is spared as good as always.
 */
function mainSink({ sinks }: Ledger, store: string | undefined): string | undefined {
  const max = [...sinks].sort((a, b) => b.accepted - a.accepted)[0];
  return (sinks.find(({ sink }) => sink === store) ?? max)?.sink;
}

/** With RabbitMQ the hours are not in the ledger; the local store has them, where it is on. */
function StoredLately({ hour }: { hour: number }): Markup | null {
  const { data } = usePolled(`lately ${hour}`, everyMs, () =>
    ask('v1/series', {
      query: { from: hour - dayMs + hourMs, to: hour + hourMs, step: hourMs, by: '_source' },
    }),
  );
  if (data === undefined) return null;
  const counts = data.times.map((_, at) => data.lines.reduce((sum, { values }) => sum + (values[at] ?? 0), 0));
  const day = counts.reduce((sum, count) => sum + count, 0);
  return html`<${Numbers} hour=${hour} lately=${counts.at(-1) ?? 0} day=${day} />`;
}

function Numbers({ hour, lately, day }: { hour: number; lately: number; day: number }): Markup {
  return html`
    <dl class="banner-numbers">
      <div><dt>events since ${hourAndMinute(hour)}</dt><dd>${number(lately)}</dd></div>
      <div><dt>in the last 24 hours</dt><dd>${number(day)}</dd></div>
    </dl>`;
}
