import type { RedriveReport, RedriveRequest } from '../../../openapi/api-types.js';
import { ask } from '../elements/api.js';
import type { Choice, Question } from '../elements/dialog.js';
import { plural } from '../elements/format.js';
import { html } from '../elements/html.js';

/** Dead letters of one sink: those with these keys, those that match the filter, or all. */
export type Selection = Pick<RedriveRequest, 'sink' | 'keys' | 'reason' | 'category'>;

interface Handlers {
  readonly title: string;
  readonly onAsk: (question: Question) => void;
  /** Called with how many are on their way. */
  readonly onDone: (redriven: number) => void;
}

function redrive(
  selection: Selection,
  options: Pick<RedriveRequest, 'dry_run' | 'force'> = {},
): Promise<RedriveReport> {
  return ask('v1/dead-letters/redrive', { method: 'POST', body: { ...selection, ...options } });
}

/** A single dead letter is sent at once, unless a limit of its sink speaks against it. */
export async function redriveOne(selection: Selection, handlers: Handlers): Promise<void> {
  const report = await redrive(selection);
  if (report.refused_count > 0) handlers.onAsk(questionOf(selection, report, handlers));
  else handlers.onDone(report.redriven);
}

/** For several there is a dry run first, so that it is known beforehand what will happen. */
export async function offerRedrive(selection: Selection, handlers: Handlers): Promise<void> {
  handlers.onAsk(questionOf(selection, await redrive(selection, { dry_run: true }), handlers));
}

function questionOf(
  selection: Selection,
  { redriven, refused, refused_count: kept }: RedriveReport,
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
      ${redriven > 0 && html`<p>To ${title} only, behind what is already waiting there; other sinks are not affected. What fails again comes back here.</p>`}
      ${kept > 0 && html`<p class="note">${plural(kept, 'event')} ${kept === 1 ? 'stays' : 'stay'} here: ${reasons.join('; ')}.</p>`}`,
    choices: [
      ...(kept > 0 ? [choice(`Send all ${redriven + kept} anyway`, { force: true })] : []),
      ...(redriven > 0 ? [choice('Send again', {})] : []),
    ],
  };
}
