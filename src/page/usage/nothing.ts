import type { UsageReport } from '../../../openapi/api-types.js';
import { html, type Markup } from '../elements/html.js';
import { Empty } from '../elements/states.js';

const hints: Readonly<Record<UsageReport['source'], string>> = {
  nginx: 'They are counted from the access log that NGINX_ACCESS_LOG names, line by line as they are written',
  clowder: 'They are counted from what Clowder publishes to RabbitMQ (RABBITMQ_URI)',
  browser: 'They are counted from what the pages of Clowder send, with a key of the scope “collect”',
};

/** Nothing is known of these months: where figures come from. */
export function NothingCounted({ source }: { source: UsageReport['source'] }): Markup {
  return html`
    <${Empty} title="Nothing was counted in these months">
      <p>Views and downloads of datasets appear here within a minute.</p>
      <p>${hints[source]}; USAGE_SOURCE chooses another source. <code>event-sink import</code> brings in what happened before.</p>
    <//>`;
}

/** That is not a fault. */
export function UsageOff(): Markup {
  return html`
    <${Empty} title="Usage is not counted here">
      <p>It is, by itself, where there is something to count: LOCAL_STORE is on, and NGINX_ACCESS_LOG, RABBITMQ_URI or a key for web pages is set. USAGE=on counts in any case.</p>
      <p>Set it, and restart the daemon.</p>
    <//>`;
}
