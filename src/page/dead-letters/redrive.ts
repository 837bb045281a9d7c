import { ask } from '../elements/api.js';
import type { Choice, Question } from '../elements/dialog.js';
import { html } from '../elements/html.js';
import { plural } from '../elements/words.js';

/** Dead letters of one sink: those with these keys, those that fit the filter, or all. */
export interface Selection {
  readonly sink: string;
  readonly keys?: readonly string[];
  readonly reason?: string;
  readonly category?: string;
}

interface Report {
  readonly redriven: number;
  readonly refused: readonly { readonly key: string; readonly id: string; readonly reason: string }[];
  readonly refused_count: number;
}

interface Handlers {
  readonly title: string;
  readonly onAsk: (question: Question) => void;
  /** Told how many are on their way. */
  readonly onDone: (redriven: number) => void;
}

function redrive(selection: Selection, options: { dry_run?: boolean; force?: boolean } = {}): Promise<Report> {
  return ask<Report>('v1/dead-letters/redrive', { method: 'POST', body: { ...selection, ...options } });
}

/** One letter goes at once, unless its sink's limit speaks against it. */
export async function redriveOne(selection: Selection, handlers: Handlers): Promise<void> {
  const report = await redrive(selection);
  if (report.refused_count > 0) handlers.onAsk(questionOf(selection, report, handlers));
  else handlers.onDone(report.redriven);
}

/** Several are tried dry first, so that it is known what will happen before it does. */
export async function offerRedrive(selection: Selection, handlers: Handlers): Promise<void> {
  handlers.onAsk(questionOf(selection, await redrive(selection, { dry_run: true }), handlers));
}

function questionOf(
  selection: Selection,
  { redriven, refused, refused_count: kept }: Report,
  { title, onDone }: Handlers,
): Question {
  const choice = (action: string, options: { force?: boolean }): Choice => ({
    action,
    run: async () => onDone((await redrive(selection, options)).redriven),
  });
  const reasons = [...new Set(refused.map(({ reason }) => reason))];
  return {
    title:
      redriven === 0 && kept > 0
        ? `${title} will not take ${kept === 1 ? 'it' : 'them'}`
        : `Send ${plural(redriven, 'event')} again?`,
    text: html`
      ${redriven > 0 && html`<p>To ${title} only, behind what waits there; other sinks see nothing of it. What fails again comes back here.</p>`}
      ${kept > 0 && html`<p class="note">${plural(kept, 'event')} ${kept === 1 ? 'stays' : 'stay'} here: ${reasons.join('; ')}.</p>`}`,
    choices: [
      ...(kept > 0 ? [choice(`Send all ${redriven + kept} in spite of it`, { force: true })] : []),
      ...(redriven > 0 ? [choice('Send again', {})] : []),
    ],
  };
}
