import { useEffect, useState } from 'preact/hooks';
import { ask, type DeadLetter, type DeadLetterPage, type SinkStatus } from './api.js';
import { Confirm, type Question } from './dialog.js';
import { html, type Markup } from './html.js';
import { Inspector } from './json.js';
import { usePolled } from './polling.js';
import { Empty, Failure, Loading, Section } from './states.js';
import { dateAndTime, duration, number, plural } from './words.js';

interface DeadLettersProps {
  readonly sinks: readonly SinkStatus[];
  readonly admin: boolean;
  readonly now: number;
  readonly onChanged: () => void;
}

const pageSize = 100;
const everyMs = 10_000;

/** Destinations that refuse events beyond an age, hours. */
const oldest: Readonly<Record<string, number>> = { ga4: 72, amplitude: 7 * 24 };

/** What could not be delivered: why, the event itself, and two ways out. */
export function DeadLetters({ sinks, admin, now, onChanged }: DeadLettersProps): Markup {
  const concerned = sinks.filter(({ dead }) => dead > 0);
  const [chosen, setChosen] = useState<string | undefined>();
  const [question, setQuestion] = useState<Question | undefined>();
  const [said, setSaid] = useState('');
  const sink = concerned.find(one => one.sink === chosen) ?? concerned[0];

  const changed = (words: string): void => {
    setSaid(words);
    onChanged();
  };
  return html`
    <${Section} id="dead-letters" title="Dead letters">
      <p class="section-note" role="status">${said}</p>
      ${sink === undefined && html`<${Empty} title="None"><p>Events that a sink can never take are kept here, with the reason, until you send them again or delete them.</p><//>`}
      ${
        concerned.length > 1 &&
        html`
        <fieldset class="segments"><legend class="unseen">Sink</legend>
          ${concerned.map(one => html`<label key=${one.sink}><input type="radio" name="dead-sink" checked=${one === sink} onChange=${() => setChosen(one.sink)} /><span>${one.title} <b class="count">${number(one.dead)}</b></span></label>`)}
        </fieldset>`
      }
      ${sink !== undefined && html`<${Letters} key=${sink.sink} sink=${sink} admin=${admin} now=${now} onAsk=${setQuestion} onChanged=${changed} />`}
      ${question !== undefined && html`<${Confirm} question=${question} onClose=${() => setQuestion(undefined)} />`}
    <//>`;
}

interface LettersProps {
  readonly sink: SinkStatus;
  readonly admin: boolean;
  readonly now: number;
  readonly onAsk: (question: Question) => void;
  readonly onChanged: (words: string) => void;
}

function Letters({ sink, admin, now, onAsk, onChanged }: LettersProps): Markup {
  const [more, setMore] = useState(1);
  const { data, error, refresh } = usePolled<DeadLetterPage>(`dead ${sink.sink} ${more}`, everyMs, () =>
    ask<DeadLetterPage>('v1/dead-letters', { query: { sink: sink.sink, limit: Math.min(1000, more * pageSize) } }),
  );
  useEffect(refresh, [sink.dead]);
  const letters = data?.dead_letters ?? [];

  const redrive = async (keys?: readonly string[]): Promise<void> => {
    const { redriven } = await ask<{ redriven: number }>('v1/dead-letters/redrive', {
      method: 'POST',
      body: { sink: sink.sink, ...(keys === undefined ? {} : { keys }) },
    });
    onChanged(`${plural(redriven, 'event')} on the way to ${sink.title} again.`);
    refresh();
  };
  const remove = async (key?: string): Promise<void> => {
    const { removed } = await ask<{ removed: number }>('v1/dead-letters', {
      method: 'DELETE',
      query: { sink: sink.sink, ...(key === undefined ? { all: 'true' } : { key }) },
    });
    onChanged(`${plural(removed, 'dead letter')} of ${sink.title} deleted.`);
    refresh();
  };
  const limit = oldest[sink.sink];
  const tooOld = limit === undefined ? 0 : letters.filter(letter => now - letter.first_seen > limit * 3_600_000).length;
  const askRedriveAll = (): void =>
    onAsk({
      title: `Send ${plural(sink.dead, 'event')} again?`,
      text: html`<p>To ${sink.title} only; other sinks see nothing of it. They queue behind what comes in now. What fails again comes back here.</p>
        ${tooOld > 0 && html`<p class="note">${plural(tooOld, 'event')} of those shown ${tooOld === 1 ? 'is' : 'are'} older than ${sink.title} takes (${limit} h), and will be refused.</p>`}`,
      action: 'Send again',
      run: () => redrive(),
    });
  const askRemoveAll = (): void =>
    onAsk({
      title: `Delete ${plural(sink.dead, 'dead letter')}?`,
      text: html`<p>Every dead letter of ${sink.title} is deleted for good. These events will never reach it.</p>`,
      action: 'Delete all',
      grave: true,
      run: () => remove(),
    });
  const askRemove = (letter: DeadLetter): void =>
    onAsk({
      title: 'Delete this dead letter?',
      text: html`<p>The event <code>${letter.id}</code> will never reach ${sink.title}.</p>`,
      action: 'Delete',
      grave: true,
      run: () => remove(letter.key),
    });
  return html`
    <div class="letters-head">
      <p><strong>${sink.title}</strong> could not take ${plural(sink.dead, 'event')}.</p>
      ${
        admin
          ? html`<div class="actions"><button type="button" onClick=${askRedriveAll}>Send all again</button><button type="button" class="quiet grave" onClick=${askRemoveAll}>Delete all</button></div>`
          : html`<p class="note">Sending again and deleting need a key with the scope “admin”.</p>`
      }
    </div>
    ${data === undefined && (error === undefined ? html`<${Loading} what="Reading dead letters" />` : html`<${Failure} error=${error} onRetry=${refresh} />`)}
    <ul class="letters">
      ${letters.map(letter => html`<${Letter} key=${letter.key} letter=${letter} admin=${admin} now=${now} onRedrive=${() => redrive([letter.key])} onRemove=${() => askRemove(letter)} />`)}
    </ul>
    ${data?.next_cursor != null && more < 10 && html`<p class="more"><button type="button" onClick=${() => setMore(more + 1)}>Show more</button></p>`}`;
}

interface LetterProps {
  readonly letter: DeadLetter;
  readonly admin: boolean;
  readonly now: number;
  readonly onRedrive: () => Promise<void>;
  readonly onRemove: () => void;
}

function Letter({ letter, admin, now, onRedrive, onRemove }: LetterProps): Markup {
  const [open, setOpen] = useState(false);
  const [trouble, setTrouble] = useState<string | undefined>();
  const { id, reason, fault, attempts, first_seen: first, dead_at: died, body } = letter;
  const send = (): void => {
    onRedrive().catch((error: Error) => setTrouble(error.message));
  };
  return html`
    <li class="letter">
      <p class="letter-reason">${reason}</p>
      <p class="letter-facts">
        <span class="fault">${fault}</span> · ${plural(attempts, 'attempt')} · <time dateTime=${new Date(died).toISOString()} title=${`First seen ${dateAndTime(first)}, dead ${dateAndTime(died)}`}>${duration(now - died)} ago</time> · <code>${id}</code>
      </p>
      <div class="actions">
        <button type="button" class="quiet" aria-expanded=${open} onClick=${() => setOpen(!open)}>${open ? 'Hide the event' : 'Show the event'}</button>
        ${admin && html`<button type="button" onClick=${send}>Send again</button><button type="button" class="quiet grave" onClick=${onRemove}>Delete</button>`}
      </div>
      ${trouble !== undefined && html`<p class="field-trouble" role="alert">${trouble}</p>`}
      ${open && html`<${Inspector} text=${body} label="The event as it came" />`}
    </li>`;
}
