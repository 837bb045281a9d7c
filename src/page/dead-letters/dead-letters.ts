import { useState } from 'preact/hooks';
import { Confirm, type Question } from '../elements/dialog.js';
import { number } from '../elements/format.js';
import { html, type Markup } from '../elements/html.js';
import { type PageSection, type PageState, Section } from '../elements/section.js';
import { Empty } from '../elements/states.js';
import { DeadLetterList } from './list.js';

export const deadLetters: PageSection = {
  id: 'dead-letters',
  title: 'Dead letters',
  View: DeadLetters,
  count: status => status.sinks.reduce((sum, { dead }) => sum + Number(dead), 0),
};

/** What could not be delivered: why, the event itself, and two ways out. */
function DeadLetters({ page: { status, session, now, refresh } }: { page: PageState }): Markup {
  const admin = session.scopes.includes('admin');
  const concerned = status.sinks.filter(({ dead }) => Number(dead) > 0);
  const [chosen, setChosen] = useState<string | undefined>();
  const [question, setQuestion] = useState<Question | undefined>();
  const [announcement, setAnnouncement] = useState('');
  const sink = concerned.find(one => one.sink === chosen) ?? concerned[0];
  const changed = (sentence: string): void => {
    setAnnouncement(sentence);
    refresh();
  };
  const chooser =
    concerned.length > 1 &&
    html`
    <fieldset class="segments"><legend class="unseen">Sink</legend>
      ${concerned.map(one => html`<label key=${one.sink}><input type="radio" name="dead-sink" checked=${one === sink} onChange=${() => setChosen(one.sink)} /><span>${one.title}<b class="count">${number(Number(one.dead))}</b></span></label>`)}
    </fieldset>`;
  return html`
    <${Section} of=${deadLetters} aside=${chooser}>
      <p class="section-note" role="status">${announcement}</p>
      ${sink === undefined && html`<${Empty} title="None"><p>Events that a sink cannot take are kept here, with the reason, until you send them again or delete them.</p><//>`}
      ${sink !== undefined && html`<${DeadLetterList} key=${sink.sink} sink=${sink} admin=${admin} now=${now} onAsk=${setQuestion} onChanged=${changed} />`}
      ${question !== undefined && html`<${Confirm} question=${question} onClose=${() => setQuestion(undefined)} />`}
    <//>`;
}
