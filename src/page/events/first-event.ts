import { useState } from 'preact/hooks';
import { ask } from '../elements/api.js';
import { html, type Markup } from '../elements/html.js';

/** Nothing has come in yet: how to send the first event. */
export function FirstEvent({ mayPublish }: { mayPublish: boolean }): Markup {
  const [id] = useState(randomId);
  const [failure, setFailure] = useState<string | undefined>();
  const address = new URL('v1/events', document.baseURI).href;
  const command = `curl ${address} \\
  -H "X-API-Key: $EVENT_SINK_API_KEY" -H "Content-Type: application/json" \\
  -d '{"category": "hello", "message": "the first event"}'`;
  const send = (): void => {
    ask('v1/events', {
      method: 'POST',
      body: { category: 'hello', message: 'the first event, sent from the page', id },
    }).then(
      () => setFailure(undefined),
      (error: Error) => setFailure(error.message),
    );
  };
  return html`
    <div class="state empty">
      <p class="state-title">No event yet</p>
      <p>Send the first one. It appears here the moment it is stored.</p>
      <pre class="command" tabindex="0">${command}</pre>
      ${mayPublish && html`<button type="button" onClick=${send}>Send it from here</button>`}
      ${failure !== undefined && html`<p class="field-error" role="alert">${failure}</p>`}
    </div>`;
}

/** However often the button is pressed, it is one event. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');
}
