import { useEffect, useState } from 'preact/hooks';
import { ask, type DeadLetter, type DeadLetterPage, type SinkStatus } from './api.js';
import { Letter } from './dead-letter.js';
import type { Question } from './dialog.js';
import { html, type Markup } from './html.js';
import { usePolled } from './polling.js';
import { Failure, Loading } from './states.js';
import { plural } from './words.js';

interface LettersProps {
  readonly sink: SinkStatus;
  readonly admin: boolean;
  readonly now: number;
  readonly onAsk: (question: Question) => void;
  /** Told in words what has been done. */
  readonly onChanged: (words: string) => void;
}

/** Asked for at once; each may be as large as a request. */
const pageSize = 50;
const mostPages = 10;
/** They are asked for when their number changes; this is for those that changed places. */
const everyMs = 60_000;
const hourMs = 3_600_000;

/** Destinations that refuse events beyond an age, hours. */
const oldestTaken: Readonly<Record<string, number>> = { ga4: 72, amplitude: 7 * 24 };

/** The dead letters of one sink, those with the same reason together. */
export function Letters({ sink, admin, now, onAsk, onChanged }: LettersProps): Markup {
  const [pages, setPages] = useState(1);
  const { data, error, refresh } = usePolled<DeadLetterPage>(`dead ${sink.sink} ${pages}`, everyMs, () =>
    ask<DeadLetterPage>('v1/dead-letters', { query: { sink: sink.sink, limit: pages * pageSize } }),
  );
  useEffect(refresh, [sink.dead]);
  const letters = data?.dead_letters ?? [];

  const redrive = async (keys?: readonly string[]): Promise<void> => {
    const body = { sink: sink.sink, ...(keys === undefined ? {} : { keys }) };
    const { redriven } = await ask<{ redriven: number }>('v1/dead-letters/redrive', { method: 'POST', body });
    onChanged(`${plural(redriven, 'event')} on the way to ${sink.title} again.`);
    refresh();
  };
  const remove = async (key?: string): Promise<void> => {
    const query = { sink: sink.sink, ...(key === undefined ? { all: 'true' } : { key }) };
    const { removed } = await ask<{ removed: number }>('v1/dead-letters', { method: 'DELETE', query });
    onChanged(`${plural(removed, 'dead letter')} of ${sink.title} deleted.`);
    refresh();
  };
  const askRedrive = (count: number, of: readonly DeadLetter[], keys?: readonly string[]): void =>
    onAsk({
      title: `Send ${plural(count, 'event')} again?`,
      text: html`<p>To ${sink.title} only; other sinks see nothing of it. What fails again comes back here.</p><${TooOld} sink=${sink} letters=${of} now=${now} />`,
      action: 'Send again',
      run: () => redrive(keys),
    });
  const askRemove = (letter?: DeadLetter): void =>
    onAsk({
      title: letter === undefined ? `Delete ${plural(sink.dead, 'dead letter')}?` : 'Delete this dead letter?',
      text: html`<p>${letter === undefined ? `Every dead letter of ${sink.title} is` : html`The event <code>${letter.id}</code> is`} deleted here for good, and will never reach ${sink.title}.</p>`,
      action: letter === undefined ? 'Delete all' : 'Delete',
      grave: true,
      run: () => remove(letter?.key),
    });

  return html`
    <div class="letters-head">
      <p><strong>${sink.title}</strong> could not take ${plural(sink.dead, 'event')}.</p>
      ${
        admin
          ? html`<div class="actions"><button type="button" onClick=${() => askRedrive(sink.dead, letters)}>Send all again</button><button type="button" class="quiet grave" onClick=${() => askRemove()}>Delete all</button></div>`
          : html`<p class="note">Sending again and deleting need a key with the scope “admin”.</p>`
      }
    </div>
    ${data === undefined && (error === undefined ? html`<${Loading} what="Reading dead letters" />` : html`<${Failure} error=${error} onRetry=${refresh} />`)}
    ${byReason(letters).map(
      ([reason, group]) => html`
        <section class="reason" key=${reason} aria-label=${reason}>
          <div class="reason-head">
            <p class="reason-words">${reason}</p>
            ${
              admin &&
              group.length > 1 &&
              group.length < sink.dead &&
              html`<button type="button" onClick=${() =>
                askRedrive(
                  group.length,
                  group,
                  group.map(({ key }) => key),
                )}>Send these ${group.length} again</button>`
            }
          </div>
          <ul>${group.map(letter => html`<${Letter} key=${letter.key} letter=${letter} admin=${admin} now=${now} onRedrive=${() => redrive([letter.key])} onRemove=${() => askRemove(letter)} />`)}</ul>
        </section>`,
    )}
    ${data?.next_cursor != null && pages < mostPages && html`<p class="more"><button type="button" onClick=${() => setPages(pages + 1)}>Show more</button></p>`}`;
}

/** In the order of their first. */
function byReason(letters: readonly DeadLetter[]): [string, DeadLetter[]][] {
  const groups = new Map<string, DeadLetter[]>();
  for (const letter of letters) groups.set(letter.reason, [...(groups.get(letter.reason) ?? []), letter]);
  return [...groups];
}

function TooOld({
  sink,
  letters,
  now,
}: {
  sink: SinkStatus;
  letters: readonly DeadLetter[];
  now: number;
}): Markup | null {
  const hours = oldestTaken[sink.sink];
  const count =
    hours === undefined ? 0 : letters.filter(({ first_seen: first }) => now - first > hours * hourMs).length;
  if (hours === undefined || count === 0) return null;
  return html`<p class="note">${plural(count, 'event')} of those shown came more than ${hours} hours ago. ${sink.title} does not take events of that age.</p>`;
}
