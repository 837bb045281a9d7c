import { useState } from 'preact/hooks';
import type { DeadLetter } from '../../../openapi/api-types.js';
import { dateAndTime, duration, plural } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import { Inspector } from '../elements/json.js';

interface DeadLetterDetailsProps {
  readonly deadLetter: DeadLetter;
  readonly admin: boolean;
  readonly now: number;
  readonly onRedrive: () => Promise<void>;
  readonly onRemove: () => void;
}

const faults: Readonly<Record<string, string>> = {
  poison: 'the event is bad',
  bug: 'a defect of event-sink',
  setup: 'a setting is wrong',
  transient: 'the destination was not reached',
};

/** One event that could not be delivered. */
export function DeadLetterDetails({ deadLetter, admin, now, onRedrive, onRemove }: DeadLetterDetailsProps): Markup {
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | undefined>();
  const { id, fault, attempts, first_seen: first, dead_at: died, body } = deadLetter;
  const send = (): void => {
    setBusy(true);
    setFailure(undefined);
    onRedrive()
      .catch((error: Error) => setFailure(error.message))
      .finally(() => setBusy(false));
  };
  return html`
    <li class="dead-letter">
      <p class="dead-letter-name">${nameOf(body)} <code>${id}</code></p>
      <p class="dead-letter-facts">${faults[fault] ?? fault}, ${plural(attempts, 'attempt')}, given up <time dateTime=${new Date(died).toISOString()} title=${`First seen ${dateAndTime(first)}, given up ${dateAndTime(died)}`}>${duration(now - died)} ago</time></p>
      <div class="actions">
        <button type="button" class="quiet" aria-expanded=${open} onClick=${() => setOpen(!open)}>${open ? 'Hide event' : 'Show event'}</button>
        ${admin && html`<button type="button" disabled=${busy} onClick=${send}>Send again</button><button type="button" class="quiet grave" onClick=${onRemove}>Delete</button>`}
      </div>
      ${failure !== undefined && html`<p class="field-error" role="alert">${failure}</p>`}
      ${open && html`<${Inspector} text=${body} label="The event as it came" />`}
    </li>`;
}

/** Category and type, where the body is an event at all. */
function nameOf(body: string): string {
  try {
    const { category, type } = JSON.parse(body) as { category?: unknown; type?: unknown };
    return [category, type].filter(word => typeof word === 'string').join(' ') || 'no category';
  } catch {
    return 'not JSON';
  }
}
