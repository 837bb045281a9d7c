import { useState } from 'preact/hooks';
import type { SinkStatus } from '../elements/api.js';
import { Confirm, type Question } from '../elements/dialog.js';
import { html, type Markup } from '../elements/html.js';
import { Empty, Section } from '../elements/states.js';
import { number } from '../elements/words.js';
import { DeadLetterList } from './list.js';

interface DeadLettersProps {
  readonly sinks: readonly SinkStatus[];
  readonly admin: boolean;
  readonly now: number;
  readonly onChanged: () => void;
}

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
  const chooser =
    concerned.length > 1 &&
    html`
    <fieldset class="segments"><legend class="unseen">Sink</legend>
      ${concerned.map(one => html`<label key=${one.sink}><input type="radio" name="dead-sink" checked=${one === sink} onChange=${() => setChosen(one.sink)} /><span>${one.title}<b class="count">${number(one.dead)}</b></span></label>`)}
    </fieldset>`;
  return html`
    <${Section} id="dead-letters" title="Dead letters" aside=${chooser}>
      <p class="section-note" role="status">${said}</p>
      ${sink === undefined && html`<${Empty} title="None"><p>Events that a sink can never take are kept here, with the reason, until you send them again or delete them.</p><//>`}
      ${sink !== undefined && html`<${DeadLetterList} key=${sink.sink} sink=${sink} admin=${admin} now=${now} onAsk=${setQuestion} onChanged=${changed} />`}
      ${question !== undefined && html`<${Confirm} question=${question} onClose=${() => setQuestion(undefined)} />`}
    <//>`;
}
