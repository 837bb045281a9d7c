import type { ListedKey } from '../../../openapi/api-types.js';
import { dateAndTime, duration, number, plural } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';

interface KeyTableProps {
  readonly keys: readonly ListedKey[];
  readonly now: number;
  readonly onRevoke: (key: ListedKey) => void;
}

/** Where a key that cannot be revoked here is taken out. */
const origins: Readonly<Record<ListedKey['source'], string>> = {
  settings: 'in API_KEYS',
  file: 'in API_KEYS_FILE',
  'first-start': 'of the first start',
  made: '',
};

/** One line a key; on a phone, one card. */
export function KeyTable({ keys, now, onRevoke }: KeyTableProps): Markup {
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="Keys, table">
      <table class="keys">
        <thead><tr><th scope="col">Name</th><th scope="col">May</th><th scope="col">Limits</th><th scope="col">Expires</th><th scope="col">Last used</th><th scope="col"><span class="unseen">Revoke</span></th></tr></thead>
        <tbody>${keys.map(key => html`<${KeyRow} key=${key.name} listed=${key} now=${now} onRevoke=${onRevoke} />`)}</tbody>
      </table>
    </div>`;
}

interface KeyRowProps {
  readonly listed: ListedKey;
  readonly now: number;
  readonly onRevoke: (key: ListedKey) => void;
}

function KeyRow({ listed, now, onRevoke }: KeyRowProps): Markup {
  const { name, scopes, source } = listed;
  return html`
    <tr>
      <th scope="row">${name}</th>
      <td data-label="May">${scopes.join(', ')}</td>
      <td data-label="Limits">${limitsOf(listed).join(', ') || none}</td>
      <td data-label="Expires">${expiryOf(listed, now)}</td>
      <td data-label="Last used">${useOf(listed, now)}</td>
      <td class="last">${source === 'made' ? html`<button type="button" class="quiet grave" aria-label="Revoke ${name}" onClick=${() => onRevoke(listed)}>Revoke</button>` : html`<span class="muted">${origins[source]}</span>`}</td>
    </tr>`;
}

const none = html`<span class="muted">none</span>`;

function limitsOf({ quota, concurrency, origins }: ListedKey): string[] {
  return [
    ...(quota === null ? [] : [`${number(quota)} a minute`]),
    ...(concurrency === null ? [] : [`${number(concurrency)} at once`]),
    ...(origins.length === 0 ? [] : [`from ${origins.join(', ')}`]),
  ];
}

function expiryOf({ expires, expired }: ListedKey, now: number): Markup {
  if (expires === null) return html`<span class="muted">never</span>`;
  const [date, title] = [new Date(expires).toISOString(), dateAndTime(expires)];
  if (expired || expires <= now) return html`<time class="ended" dateTime=${date} title=${title}>expired</time>`;
  return html`<time dateTime=${date} title=${title}>in ${duration(expires - now)}</time>`;
}

function useOf({ last_used: last, requests }: ListedKey, now: number): Markup {
  if (last === null) return html`<span class="muted">never</span>`;
  return html`<time dateTime=${new Date(last).toISOString()} title=${`${dateAndTime(last)}, ${plural(requests, 'request')} in all`}>${duration(now - last)} ago</time>`;
}
