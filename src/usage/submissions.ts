import { isPast, written } from '../calendar.js';
import type { Clock } from '../clock.js';
import { UnsupportedError } from '../errors.js';
import { acceptEvent } from '../events/accept.js';
import { keyedHash, timedId } from '../events/identity.js';
import type { Message } from '../events/message.js';
import { unsetOf } from './hub-report.js';
import type { Usage } from './usage.js';

/** The category of the events that ask a hub's sink to submit the report of a month. */
export const submissionCategory = 'usage_submission';

export interface Submission {
  /** 202603. */
  readonly month: number;
  /** The report at the hub that it replaces, where the hub has one that was not submitted from here. */
  readonly report?: string | undefined;
}

export interface Submitted {
  /** Id of the event. */
  readonly id: string;
  readonly durability: string;
}

export interface SubmissionOptions {
  readonly usage: Pick<Usage, 'config' | 'months' | 'report'>;
  /** The sinks that submit. */
  readonly hubs: () => readonly string[];
  /** Resolves when the messages are durable. */
  readonly publish: (messages: readonly Message[]) => Promise<string>;
  readonly idSecret: string;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * Submissions to a hub: each is an event in the queues of the sinks that submit, so that it waits, is tried again and
 * becomes a dead letter as any event does. The report itself is made when it is sent, so that it is the newest.
 */
export class Submissions {
  readonly #options: SubmissionOptions;

  constructor(options: SubmissionOptions) {
    this.#options = options;
  }

  /**
   * @param at makes it the same event when it is asked for again, epoch ms; now by default
   * @throws UnsupportedError without a hub
   */
  async submit(submission: Submission, at?: number): Promise<Submitted | { readonly refused: string }> {
    const { usage, publish, clock } = this.#options;
    if (this.#options.hubs().length === 0)
      throw new UnsupportedError('no hub takes usage reports from here; set USAGE_HUB_URL and USAGE_HUB_TOKEN');
    const refused = await refusalOf(submission.month, usage, clock.now());
    if (refused !== undefined) return { refused };
    const message = this.#message(submission, at ?? clock.now());
    return { id: message.id, durability: await publish([message]) };
  }

  #message({ month, report }: Submission, at: number): Message {
    const text = JSON.stringify({
      category: submissionCategory,
      created: at,
      month: written(month),
      ...(report === undefined ? {} : { report_id: report }),
    });
    const id = timedId(at, keyedHash(this.#options.idSecret, submissionCategory, text));
    const now = this.#options.clock.now();
    const accepted = acceptEvent(JSON.parse(text), { now, source: 'usage', id, text });
    if ('message' in accepted) return { ...accepted.message, sinks: this.#options.hubs() };
    throw new TypeError(accepted.problems.map(({ message }) => message).join('; '));
  }
}

/** Why a month cannot be submitted; undefined when it can. */
async function refusalOf(month: number, usage: SubmissionOptions['usage'], now: number): Promise<string | undefined> {
  const name = written(month);
  const unset = unsetOf(usage.config);
  if (unset !== undefined) return `${unset.setting} is not set: a hub takes no report without ${unset.what}`;
  if (!isPast(month, now)) return `${name} is not over`;
  if (!(await usage.months()).some(one => one.month === month)) return `nothing was counted in ${name}`;
  const { items } = await usage.report({ from: month * 100, to: month * 100 + 99, after: '', limit: 1 });
  return items.length === 0 ? `no dataset was used in ${name}, and a hub takes no empty report` : undefined;
}
