import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Session } from '../../../openapi/api-types.js';
import { ask, Refused } from '../elements/api.js';
import { html, type Markup } from '../elements/html.js';
import { Logo } from '../elements/states.js';

interface SignInProps {
  /** A session has ended. */
  readonly ended: boolean;
  readonly onSignedIn: (session: Session) => void;
}

/** The key is sent once, in a header; a cookie that no script can read takes its place, and the field is discarded. */
export function SignIn({ ended, onSignedIn }: SignInProps): Markup {
  const [failure, setFailure] = useState<string | undefined>();
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);

  useLayoutEffect(() => {
    document.title = 'Sign in · event-sink';
    field.current?.focus();
  }, []);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const key = field.current?.value.trim() ?? '';
    if (key === '') return setFailure('Enter an API key.');
    setBusy(true);
    setFailure(undefined);
    try {
      onSignedIn(await ask('v1/session', { method: 'POST', headers: { 'X-API-Key': key } }));
    } catch (error) {
      setFailure(explain(error as Error));
      setBusy(false);
      field.current?.select();
    }
  };

  return html`
    <main class="signed-out">
      <div class="card">
        <p class="brand"><${Logo} /> event-sink</p>
        <h1>Sign in</h1>
        ${ended && html`<p class="note" role="status">Your session has ended. A session lasts twelve hours, or until the daemon restarts.</p>`}
        <form onSubmit=${submit} novalidate>
          <label for="key">API key</label>
          <input id="key" ref=${field} type="password" autocomplete="off" spellcheck=${false} autocapitalize="off"
            aria-invalid=${failure !== undefined} aria-describedby=${failure === undefined ? 'key-hint' : 'key-error key-hint'} />
          ${failure !== undefined && html`<p class="field-error" id="key-error" role="alert">${failure}</p>`}
          <button class="primary" type="submit" disabled=${busy}>${busy ? 'Signing in…' : 'Sign in'}</button>
          <p class="hint" id="key-hint">
            At its first start the daemon made a key and stored it in the file <code>api-key</code> of its data folder. Make another with
            ${' '}<code>event-sink keygen NAME</code>.
          </p>
        </form>
      </div>
    </main>`;
}

function explain(error: Error): string {
  if (!(error instanceof Refused)) return 'The daemon is not answering. Is it running?';
  if (error.status === 401) return 'This key is not known here.';
  if (error.status === 403) return 'This key may not read. The page needs a key with the scope “read”.';
  return error.message;
}
