import { useEffect, useState } from 'preact/hooks';
import type { DeadLetter, SinkStatus } from '../../../openapi/api-types.js';
import { ask } from '../elements/api.js';
import type { Question } from '../elements/dialog.js';
import { plural } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import { usePolled } from '../elements/polling.js';
import { Empty, Failure, Loading } from '../elements/states.js';
import { DeadLetterDetails } from './dead-letter.js';
import { offerRedrive, redriveOne, type Selection } from './redrive.js';

interface DeadLetterListProps {
  readonly sink: SinkStatus;
  readonly admin: boolean;
  readonly now: number;
  readonly onAsk: (question: Question) => void;
  /** Called with a sentence that says what has been done. */
  readonly onChanged: (sentence: string) => void;
}

/** Read at once; each may be as large as a request. */
const pageSize = 50;
const maxPages = 10;
/** They are read when their number changes; this catches those that were replaced. */
const everyMs = 60_000;

/** How long the typing must pause before the filter is used. */
const filterDelayMs = 400;

interface Filter {
  readonly reason?: string;
  readonly category?: string;
}

/** The dead letters of one sink, those with the same reason together. */
export function DeadLetterList({ sink, admin, now, onAsk, onChanged }: DeadLetterListProps): Markup {
  const [pages, setPages] = useState(1);
  const [filter, setFilter] = useState<Filter>({});
  const [failure, setFailure] = useState<string | undefined>();
  const query = { sink: sink.sink, ...filter, limit: pages * pageSize };
  const { data, error, refresh } = usePolled(`dead ${JSON.stringify(query)}`, everyMs, () =>
    ask('v1/dead-letters', { query }),
  );
  useEffect(refresh, [sink.dead]);
  const deadLetters = data?.dead_letters ?? [];
  const filtered = filter.reason !== undefined || filter.category !== undefined;

  const changed = (sentence: string): void => {
    onChanged(sentence);
    refresh();
  };
  const handlers = {
    title: sink.title,
    onAsk,
    onDone: (redriven: number) => changed(`${plural(redriven, 'event')} on the way to ${sink.title} again.`),
  };
  const offer = (selection: Omit<Selection, 'sink'>): void => {
    setFailure(undefined);
    offerRedrive({ sink: sink.sink, ...selection }, handlers).catch((caught: Error) => setFailure(caught.message));
  };
  const remove = async (key?: string): Promise<void> => {
    const chosen = { sink: sink.sink, ...(key === undefined ? { all: 'true' } : { key }) };
    const { removed } = await ask('v1/dead-letters', { method: 'DELETE', query: chosen });
    changed(`${plural(removed, 'dead letter')} of ${sink.title} deleted.`);
  };
  const askRemove = (deadLetter?: DeadLetter): void =>
    onAsk({
      title:
        deadLetter === undefined ? `Delete ${plural(Number(sink.dead), 'dead letter')}?` : 'Delete this dead letter?',
      text: html`<p>${deadLetter === undefined ? `Every dead letter of ${sink.title} is` : html`The event <code>${deadLetter.id}</code> is`} deleted here for good, and will never reach ${sink.title}.</p>`,
      grave: true,
      choices: [{ action: deadLetter === undefined ? 'Delete all' : 'Delete', run: () => remove(deadLetter?.key) }],
    });

  return html`
    <div class="dead-letters-head">
      <p><strong>${sink.title}</strong> could not take ${plural(Number(sink.dead), 'event')}.</p>
      ${
        admin
          ? html`<div class="actions">
              <button type="button" onClick=${() => offer(filter)}>${filtered ? 'Send these again' : 'Send all again'}</button>
              ${!filtered && html`<button type="button" class="quiet grave" onClick=${() => askRemove()}>Delete all</button>`}
            </div>`
          : html`<p class="note">Sending again and deleting require a key with the scope “admin”.</p>`
      }
    </div>
    ${failure !== undefined && html`<p class="field-error" role="alert">${failure}</p>`}
    ${(Number(sink.dead) > 1 || filtered) && html`<${DeadLetterFilter} onChoose=${setFilter} />`}
    ${data === undefined && (error === undefined ? html`<${Loading} what="Reading dead letters" />` : html`<${Failure} error=${error} onRetry=${refresh} />`)}
    ${data !== undefined && deadLetters.length === 0 && filtered && html`<${Empty} title="No matching dead letter" />`}
    ${byReason(deadLetters).map(
      ([reason, group]) => html`
        <section class="reason" key=${reason} aria-label=${reason}>
          <div class="reason-head">
            <p class="reason-words">${reason}</p>
            ${admin && group.length > 1 && group.length < deadLetters.length && html`<button type="button" onClick=${() => offer({ keys: group.map(({ key }) => key) })}>Send these ${group.length} again</button>`}
          </div>
          <ul>${group.map(deadLetter => html`<${DeadLetterDetails} key=${deadLetter.key} deadLetter=${deadLetter} admin=${admin} now=${now} onRedrive=${() => redriveOne({ sink: sink.sink, keys: [deadLetter.key] }, handlers)} onRemove=${() => askRemove(deadLetter)} />`)}</ul>
        </section>`,
    )}
    ${data?.next_cursor != null && pages < maxPages && html`<p class="more"><button type="button" onClick=${() => setPages(pages + 1)}>Show more</button></p>`}`;
}

/** Used once the typing pauses, because a filter reads through all dead letters. */
function DeadLetterFilter({ onChoose }: { onChoose: (filter: Filter) => void }): Markup {
  const [typed, setTyped] = useState<Filter>({});
  useEffect(() => {
    const timer = window.setTimeout(() => onChoose(typed), filterDelayMs);
    return () => window.clearTimeout(timer);
  }, [typed]);
  const type = (name: keyof Filter) => (event: Event) => {
    const { [name]: _before, ...rest } = typed;
    const value = (event.currentTarget as HTMLInputElement).value;
    setTyped(value === '' ? rest : { ...rest, [name]: value });
  };
  return html`
    <form class="filters" role="search" aria-label="Filter dead letters" onSubmit=${(event: Event) => event.preventDefault()}>
      <label>Reason <input type="search" maxlength="256" value=${typed.reason ?? ''} placeholder="any" onInput=${type('reason')} /></label>
      <label>Category <input type="search" maxlength="128" value=${typed.category ?? ''} placeholder="any" spellcheck=${false} autocapitalize="off" onInput=${type('category')} /></label>
    </form>`;
}

/** Groups in the order of the first dead letter of each. */
function byReason(deadLetters: readonly DeadLetter[]): [string, DeadLetter[]][] {
  const groups = new Map<string, DeadLetter[]>();
  for (const deadLetter of deadLetters)
    groups.set(deadLetter.reason, [...(groups.get(deadLetter.reason) ?? []), deadLetter]);
  return [...groups];
}
