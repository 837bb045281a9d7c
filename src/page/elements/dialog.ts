import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type Children, html, type Markup } from './html.js';

export interface Choice {
  /** On the button that does it. */
  readonly action: string;
  readonly run: () => Promise<void>;
}

export interface Question {
  readonly title: string;
  readonly text: Children;
  /** It cannot be undone. */
  readonly grave?: boolean;
  /** The last is what most people want. */
  readonly choices: readonly Choice[];
}

/** Asks before something happens. The browser keeps the focus inside, and gives it back. */
export function Confirm({ question, onClose }: { question: Question; onClose: () => void }): Markup {
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | undefined>();

  useLayoutEffect(() => dialog.current?.showModal(), []);

  const choose = async ({ run }: Choice): Promise<void> => {
    setBusy(true);
    setFailure(undefined);
    try {
      await run();
      dialog.current?.close();
    } catch (error) {
      setFailure((error as Error).message);
      setBusy(false);
    }
  };

  const classOf = (at: number): string => {
    if (at < question.choices.length - 1) return '';
    return question.grave ? 'grave' : 'primary';
  };
  return html`
    <dialog ref=${dialog} aria-labelledby="dialog-title" onClose=${onClose}>
      <h2 id="dialog-title">${question.title}</h2>
      <div class="dialog-text">${question.text}</div>
      ${failure !== undefined && html`<p class="field-error" role="alert">${failure}</p>`}
      <div class="dialog-actions">
        <button type="button" autofocus onClick=${() => dialog.current?.close()}>${question.choices.length === 0 ? 'Close' : 'Cancel'}</button>
        ${question.choices.map((choice, at) => html`<button key=${choice.action} type="button" class=${classOf(at)} disabled=${busy} onClick=${() => choose(choice)}>${choice.action}</button>`)}
      </div>
    </dialog>`;
}
