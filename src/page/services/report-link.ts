import { html, type Markup } from '../elements/html.js';

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** To the availability report of this month, as a page; of one service, or of all. */
export function ReportLink({ service }: { service?: string }): Markup {
  const query = new URLSearchParams({ format: 'html', timezone: zone, ...(service === undefined ? {} : { service }) });
  const label = service === undefined ? 'Availability report of this month' : `Availability of ${service} this month`;
  return html`<a class=${service === undefined ? 'button' : 'service-report'} href="v1/availability?${query}" target="_blank" rel="noopener" aria-label=${label}>${service === undefined ? 'Report' : 'Availability'}</a>`;
}
