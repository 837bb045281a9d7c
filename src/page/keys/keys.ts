import { useState } from 'preact/hooks';
import type { ListedKey, NewKey } from '../../../openapi/api-types.js';
import { ask } from '../elements/api.js';
import { Confirm, type Question } from '../elements/dialog.js';
import { html, type Markup } from '../elements/html.js';
import { usePolled } from '../elements/polling.js';
import { type PageSection, type PageState, Section } from '../elements/section.js';
import { Empty, Failure, Loading } from '../elements/states.js';
import { KeyForm } from './form.js';
import { MadeKey } from './made-key.js';
import { KeyTable } from './table.js';

export const keys: PageSection = { id: 'keys', title: 'Keys', View: Keys };

/** Their last use changes with every request; nobody watches it by the second. */
const everyMs = 15_000;

/** Who may do what here: every key with its limits and its last use, and a way to make and to revoke one. */
function Keys({ page }: { page: PageState }): Markup {
  if (page.session.scopes.includes('admin')) return html`<${KeyAdmin} page=${page} />`;
  return html`<${Section} of=${keys}><${Empty} title="Not with this key"><p>Keys are listed, made and revoked with a key that has the scope “admin”.</p><//><//>`;
}

function KeyAdmin({ page: { now, session } }: { page: PageState }): Markup {
  const { data, error, refresh } = usePolled('keys', everyMs, () => ask('v1/keys'));
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<NewKey | undefined>();
  const [question, setQuestion] = useState<Question | undefined>();
  const [announcement, setAnnouncement] = useState('');

  const onMade = (key: NewKey): void => {
    setMade(key);
    setMaking(false);
    setAnnouncement('');
    refresh();
  };
  const revoke = async (name: string): Promise<void> => {
    await ask(`v1/keys/${name}`, { method: 'DELETE' });
    if (made?.name === name) setMade(undefined);
    setAnnouncement(`The key ${name} is revoked.`);
    refresh();
  };
  const askRevoke = ({ name }: ListedKey): void =>
    setQuestion({
      title: `Revoke the key ${name}?`,
      text: html`<p>Whoever uses it is refused from then on, and what is open on it (sessions, live streams) ends at once. It cannot be brought back.</p>${name === session.name && html`<p>You are signed in with it.</p>`}`,
      grave: true,
      choices: [{ action: 'Revoke', run: () => revoke(name) }],
    });
  const aside = html`<button type="button" aria-expanded=${making} onClick=${() => setMaking(!making)}>${making ? 'Cancel' : 'Make a key'}</button>`;
  return html`
    <${Section} of=${keys} aside=${aside}>
      <p class="section-note" role="status">${announcement}</p>
      ${making && html`<${KeyForm} onMade=${onMade} />`}
      ${made !== undefined && html`<${MadeKey} key=${made.name} made=${made} onClose=${() => setMade(undefined)} />`}
      ${data === undefined && (error === undefined ? html`<${Loading} what="Reading keys" />` : html`<${Failure} error=${error} onRetry=${refresh} />`)}
      ${data !== undefined && html`<${KeyTable} keys=${data.keys} now=${now} onRevoke=${askRevoke} />`}
      ${question !== undefined && html`<${Confirm} question=${question} onClose=${() => setQuestion(undefined)} />`}
    <//>`;
}
