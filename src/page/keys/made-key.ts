import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { NewKey } from '../../../openapi/api-types.js';
import { html, type Markup } from '../elements/html.js';

/** The key itself, which nobody sees again. */
export function MadeKey({ made, onClose }: { made: NewKey; onClose: () => void }): Markup {
  const field = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState(false);
  useLayoutEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  const copy = (): void => {
    field.current?.select();
    navigator.clipboard.writeText(made.key).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  };
  return html`
    <div class="made-key" role="group" aria-label="The key ${made.name}">
      <p><strong>${made.name}</strong> may ${made.scopes.join(', ')}. Keep the key now: the daemon has only its hash, and cannot show it again.</p>
      <div class="made-key-line">
        <input ref=${field} readonly value=${made.key} aria-label="The key itself" spellcheck=${false} autocomplete="off" />
        ${'clipboard' in navigator && html`<button type="button" onClick=${copy}>${copied ? 'Copied' : 'Copy'}</button>`}
        <button type="button" class="quiet" onClick=${onClose}>I have it</button>
      </div>
      <p class="unseen" role="status">${copied ? 'The key is copied.' : ''}</p>
    </div>`;
}
