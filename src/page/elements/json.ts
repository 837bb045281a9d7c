import { useState } from 'preact/hooks';
import { html, type Markup } from './html.js';

/** Deeper than this, parts are closed at first. */
const openDepth = 2;
const maxEntries = 200;

/** A value as JSON, with parts that open and close; what is closed is not made. Everything in it is text. */
export function Json({ value, name, depth = 0 }: { value: unknown; name?: string; depth?: number }): Markup {
  const [open, setOpen] = useState(depth < openDepth);
  const label = name !== undefined && html`<span class="json-key">${name}</span><span class="json-mark">: </span>`;
  if (typeof value !== 'object' || value === null) {
    const kind = value === null ? 'null' : typeof value;
    return html`<div class="json-line">${label}<span class="json-${kind}">${typeof value === 'string' ? JSON.stringify(value) : String(value)}</span></div>`;
  }
  const entries = Object.entries(value);
  const [begin, end] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (entries.length === 0)
    return html`<div class="json-line">${label}<span class="json-mark">${begin}${end}</span></div>`;
  return html`
    <details class="json-part" open=${open} onToggle=${(event: Event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}>
      <summary>${label}<span class="json-mark">${begin}</span> <span class="json-size">${entries.length}</span></summary>
      ${
        open &&
        html`
        ${entries.slice(0, maxEntries).map(([key, part]) => html`<${Json} key=${key} name=${key} value=${part} depth=${depth + 1} />`)}
        ${entries.length > maxEntries && html`<div class="json-line muted">${entries.length - maxEntries} more</div>`}
        <span class="json-mark">${end}</span>`
      }
    </details>`;
}

/** An inspector with a button that copies the text as it came. */
export function Inspector({ text, label }: { text: string; label: string }): Markup {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    window.setTimeout(() => setCopied(false), 1500);
  };
  const parsed = parse(text);
  return html`
    <div class="inspector" role="group" aria-label=${label}>
      ${navigator.clipboard !== undefined && html`<button type="button" class="quiet copy" onClick=${copy}>${copied ? 'Copied' : 'Copy'}</button>`}
      ${parsed === undefined ? html`<pre>${text}</pre>` : html`<div class="json"><${Json} value=${parsed.value} /></div>`}
    </div>`;
}

function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}
