import { TransientError } from '../../errors.js';
import type { HubReport } from '../../usage/hub-report.js';
import { type HttpResponse, NoAnswerError } from '../http/faults.js';
import { type Hub, reportIdIn } from './hub.js';
import type { SubmittedReport, SubmittedReports } from './submitted.js';

export interface ReportToSubmit {
  readonly hub: Hub;
  readonly submitted: SubmittedReports;
  readonly report: HubReport;
  /** `2026-03`. */
  readonly month: string;
  /** The id that the report has at the hub, where a person says so. */
  readonly known: string | undefined;
  readonly signal: AbortSignal;
}

/** The hub has the report; `accepted`: it has not checked it yet. */
export interface Submitted {
  readonly report: string;
  readonly how: 'created' | 'updated' | 'accepted';
}

/** With the waits between them (supervisors/restart.ts) some ten minutes. */
const maxContradictions = 30;

export type Outcome = Submitted | { readonly rejected: string };

/**
 * Sees that a hub has one report of a month, and that it is this one.
 *
 * - its id is known: PUT replaces it. 404: the hub may be wrong, so its list is asked. The report is there: PUT. There
 *   is no list, or it lacks the report: it is posted anew; until that was taken its id is kept and tried first.
 * - nothing was ever sent: POST, and the id in the answer is kept. Before it goes out it is written down that it does.
 * - it went out, and nobody knows what became of it: the hub's list is asked first. The report is there: PUT. It is not
 *   there: POST again, and what is answered to that is replaced by PUT, because a hub that had it after all (DataCite's
 *   finds it by maker, month and user) answers with the one it had. The hub has no list: after an error of its server,
 *   POST again; after no answer at all the submission is rejected, since only a person can look. Sent again by that
 *   person, it is posted.
 *
 * @throws TransientError, SetupError
 */
export async function submitReport(task: ReportToSubmit): Promise<Outcome> {
  const { hub, submitted, report, month, known, signal } = task;
  if (known !== undefined) {
    const outcome = await replace(task, known);
    return outcome === 'gone' ? { rejected: `The hub has no report ${known}` } : outcome;
  }
  const { id, sent } = await submitted.get(month);
  if (id !== undefined) {
    const outcome = await replace(task, id);
    if (outcome !== 'gone') return outcome;
  }
  const kept: SubmittedReport = id === undefined ? {} : { id };
  if (sent !== undefined || id !== undefined) {
    const found = await hub.find(sent?.createdBy ?? report.createdBy, report.begin, signal);
    if (typeof found === 'object') return replaceFound(task, found.id, kept);
    if (found === 'unlisted' && sent?.lost) {
      await submitted.put(month, kept);
      return { rejected: unknown(month) };
    }
  }
  return post(task, kept, sent);
}

/**
 * @param kept stays until this one is taken
 * @param before what went out earlier, and may be there: what is known now of this one does not undo that
 */
async function post(task: ReportToSubmit, kept: SubmittedReport, before: SubmittedReport['sent']): Promise<Outcome> {
  const { hub, submitted, report, month, signal } = task;
  const { createdBy } = report;
  const notTaken: SubmittedReport = before === undefined ? kept : { ...kept, sent: before };
  await submitted.put(month, { ...kept, sent: { createdBy, lost: true } });
  let answer: HttpResponse;
  try {
    answer = await hub.send('POST', '/reports', report, signal);
  } catch (error) {
    if (error instanceof NoAnswerError && !error.ambiguous) await submitted.put(month, notTaken);
    throw error;
  }
  const { status } = answer;
  const isTaken = status >= 200 && status < 300;
  // DataCite's keeps what it finds invalid, too, and only a PUT corrects that.
  const id = isTaken || status === 422 ? reportIdIn(answer.text) : undefined;
  if (id !== undefined) {
    await submitted.put(month, { id });
    if (!isTaken) return { rejected: hub.words(answer) };
    return before === undefined
      ? { report: id, how: status === 202 ? 'accepted' : 'created' }
      : replaceFound(task, id, {});
  }
  if (isTaken || status === 409) {
    const found = await hub.find(createdBy, report.begin, signal);
    if (typeof found === 'object') return replaceFound(task, found.id, kept);
    return { rejected: `${hub.words(answer)} without the id of the report` };
  }
  // A gateway that gave up waiting does not know what became of it.
  if (status !== 502 && status !== 504)
    await submitted.put(month, status >= 500 ? { ...kept, sent: before ?? { createdBy, lost: false } } : notTaken);
  const fault = hub.fault(answer);
  if (fault !== undefined) throw fault;
  return { rejected: hub.words(answer) };
}

/** `gone`: the hub has no report of this id. */
async function replace(
  { hub, submitted, report, month, signal }: ReportToSubmit,
  id: string,
): Promise<Outcome | 'gone'> {
  const answer = await hub.send('PUT', `/reports/${encodeURIComponent(id)}`, report, signal);
  const { status } = answer;
  if (status === 404 || status === 410) return 'gone';
  if (status >= 200 && status < 300) {
    await submitted.put(month, { id });
    return { report: id, how: status === 202 ? 'accepted' : status === 201 ? 'created' : 'updated' };
  }
  const fault = hub.fault(answer);
  if (fault !== undefined) throw fault;
  return { rejected: hub.words(answer) };
}

/**
 * A report that the hub has just named. It may be of others: its id is kept once the hub has let it be replaced. A hub
 * that does not have it after all is asked once more, as one that is wrong for a moment; and not for ever, because
 * other months wait meanwhile.
 *
 * @param kept what stays known when the hub goes on to contradict itself
 */
async function replaceFound(task: ReportToSubmit, id: string, kept: SubmittedReport): Promise<Outcome> {
  const { submitted, month } = task;
  const outcome = await replace(task, id);
  if (outcome !== 'gone') return outcome;
  const now = await submitted.get(month);
  const contradictions = (now.contradictions ?? 0) + 1;
  const reason = `The hub names the report ${id}, and does not have it`;
  if (contradictions < maxContradictions) {
    await submitted.put(month, { ...now, contradictions });
    throw new TransientError(reason);
  }
  await submitted.put(month, kept);
  return { rejected: `${reason}: it was asked ${contradictions} times` };
}

function unknown(month: string): string {
  return `The hub did not answer when the report of ${month} was sent, and does not list its reports: nobody here knows whether it has it. Look there. If it has it, submit the month with the id of that report; if not, send this again`;
}
