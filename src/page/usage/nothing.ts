import type { UsageReport } from '../../../openapi/api-types.js';
import { html, type Markup } from '../elements/html.js';
import { Empty } from '../elements/states.js';

const hints: Readonly<Record<UsageReport['source'], string>> = {
  nginx: 'the access log that NGINX_ACCESS_LOG names',
  clowder: 'what Clowder publishes to RabbitMQ (RABBITMQ_URI)',
  browser: 'what pages send, with a key of the scope “collect”',
};

/** Nothing is known of these months: where figures come from. */
export function NothingCounted({ source }: { source: UsageReport['source'] }): Markup {
  return html`
    <${Empty} title="Nothing was counted in these months">
      <p>Views and downloads of datasets are counted from ${hints[source]}, and appear here within a minute.</p>
      <p>USAGE_SOURCE chooses another source; <code>event-sink import</code> brings in what happened before.</p>
    <//>`;
}

/** That is not a fault. */
export function UsageOff(): Markup {
  return html`
    <${Empty} title="Usage is not counted here">
      <p>It is counted by itself where LOCAL_STORE is on, and NGINX_ACCESS_LOG, RABBITMQ_URI or a key for web pages is set.</p>
      <p>Set USAGE=on to count in any case, and restart the daemon.</p>
    <//>`;
}
