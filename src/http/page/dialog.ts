import { useEffect, useRef, useState } from 'preact/hooks';
import { type Children, html, type Markup } from './html.js';

export interface Question {
  readonly title: string;
  readonly text: Children;
  /** On the button that does it. */
  readonly action: string;
  readonly grave?: boolean;
  readonly run: () => Promise<void>;
}

/** Asks before something happens. The browser keeps the focus inside, and gives it back. */
export function Confirm({ question, onClose }: { question: Question; onClose: () => void }): Markup {
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<string | undefined>();

  useEffect(() => dialog.current?.showModal(), []);

  const run = async (): Promise<void> => {
    setBusy(true);
    setTrouble(undefined);
    try {
      await question.run();
      dialog.current?.close();
    } catch (error) {
      setTrouble((error as Error).message);
      setBusy(false);
    }
  };

  return html`
    <dialog ref=${dialog} aria-labelledby="dialog-title" onClose=${onClose}>
      <h2 id="dialog-title">${question.title}</h2>
      <div class="dialog-text">${question.text}</div>
      ${trouble !== undefined && html`<p class="field-trouble" role="alert">${trouble}</p>`}
      <div class="dialog-actions">
        <button type="button" autofocus onClick=${() => dialog.current?.close()}>Cancel</button>
        <button type="button" class=${question.grave ? 'grave' : 'primary'} disabled=${busy} onClick=${run}>${question.action}</button>
      </div>
    </dialog>`;
}
