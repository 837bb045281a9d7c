import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { KeyRequest, NewKey } from '../../../openapi/api-types.js';
import { ask } from '../elements/api.js';
import { html, type Markup } from '../elements/html.js';

const scopes = [
  ['publish', 'send events'],
  ['read', 'read events, status and ledger'],
  ['admin', 'send again, delete, make keys'],
] as const;

/** What a new key may do, and until when. */
export function KeyForm({ onMade }: { onMade: (key: NewKey) => void }): Markup {
  const [forPages, setForPages] = useState(false);
  const [failure, setFailure] = useState<string | undefined>();
  const [busy, setBusy] = useState(false);
  const name = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => name.current?.focus(), []);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const entered = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setFailure(undefined);
    try {
      onMade(await ask('v1/keys', { method: 'POST', body: requestOf(entered, forPages) }));
    } catch (error) {
      setFailure((error as Error).message);
      setBusy(false);
    }
  };

  return html`
    <form class="key-form" aria-label="Make a key" onSubmit=${submit} novalidate>
      <label>Name <input ref=${name} name="name" required maxlength="64" placeholder="portal" autocomplete="off" spellcheck=${false} autocapitalize="off" /></label>
      <label>Last day <input name="expires" type="date" aria-describedby="key-form-hint" /></label>
      <label>Requests a minute <input name="quota" type="number" min="1" max="1000000" placeholder="no limit" /></label>
      <label>Requests at once <input name="concurrency" type="number" min="1" max="1000000" placeholder="no limit" /></label>
      <fieldset class="segments"><legend class="unseen">Who uses it</legend>
        <label><input type="radio" name="kind" checked=${!forPages} onChange=${() => setForPages(false)} /><span>For programs and people</span></label>
        <label><input type="radio" name="kind" checked=${forPages} onChange=${() => setForPages(true)} /><span>For web pages</span></label>
      </fieldset>
      ${
        forPages
          ? html`<label class="wide">Pages <input name="origins" placeholder="https://portal.example.org" autocomplete="off" spellcheck=${false} autocapitalize="off" aria-describedby="key-form-origins" /></label>
              <p class="hint" id="key-form-origins">Scheme and host of the pages that carry it, separated by spaces. Everybody can see such a key: it may send events from there, and nothing else.</p>`
          : html`<fieldset class="scopes"><legend>It may</legend>
              ${scopes.map(([scope, words]) => html`<label key=${scope}><input type="checkbox" name="scope" value=${scope} defaultChecked=${scope === 'publish'} /><span><b>${scope}</b> ${words}</span></label>`)}
            </fieldset>`
      }
      ${failure !== undefined && html`<p class="field-error" role="alert">${failure}</p>`}
      <p class="hint" id="key-form-hint">Without a last day it does not expire. The day ends at midnight, UTC.</p>
      <div class="actions"><button class="primary" type="submit" disabled=${busy}>${busy ? 'Making…' : 'Make the key'}</button></div>
    </form>`;
}

/** The daemon checks it, and says what is wrong. */
function requestOf(entered: FormData, forPages: boolean): KeyRequest {
  const text = (field: string): string => String(entered.get(field) ?? '').trim();
  const [expires, quota, concurrency] = [text('expires'), text('quota'), text('concurrency')];
  const limits = {
    name: text('name'),
    ...(expires === '' ? {} : { expires }),
    ...(quota === '' ? {} : { quota: Number(quota) }),
    ...(concurrency === '' ? {} : { concurrency: Number(concurrency) }),
  };
  if (forPages)
    return {
      ...limits,
      scopes: ['collect'],
      origins: text('origins')
        .split(/[\s,]+/)
        .filter(one => one !== ''),
    };
  return { ...limits, scopes: entered.getAll('scope') as ('publish' | 'read' | 'admin')[] };
}
