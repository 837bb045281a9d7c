import { isPast, readMonth } from '../../calendar.js';
import { SetupError } from '../../errors.js';
import type { Event } from '../../events/event.js';
import { hubReport, unsetOf } from '../../usage/hub-report.js';
import type { Rejection, SinkSession, SinkTools } from '../sink.js';
import { Hub, type HubConfig } from './hub.js';
import { submitReport } from './submit.js';
import { SubmittedReports } from './submitted.js';

export type { HubConfig } from './hub.js';

export async function openHub(config: HubConfig, tools: SinkTools): Promise<SinkSession> {
  const { clock, outgoing, keyValues, reported, log } = tools;
  const hub = new Hub({ ...config, outgoing, now: () => clock.now() });
  const submitted = new SubmittedReports(keyValues, config.url);

  /** Resolves with why the hub will never take it, or with undefined. */
  const submit = async (event: Event, signal: AbortSignal): Promise<string | undefined> => {
    const { month: named, report_id: given } = event.fields;
    const month = typeof named === 'string' ? readMonth(named) : undefined;
    // Anybody who may send events could name a month, and so could a visitor of a page.
    if (event.source !== 'usage') return 'only the daemon itself asks for a report to be submitted';
    if (month === undefined) return 'the month is missing, such as 2026-03';
    if (reported === undefined) throw new SetupError('usage is not counted here, so there is no report: set USAGE=on');
    const unset = unsetOf(reported.config);
    if (unset !== undefined) throw new SetupError(`a report needs ${unset.what}: set ${unset.setting}`);
    if (!isPast(month, clock.now())) return `${named} is not over`;
    const report = await hubReport(reported, month, clock);
    if (report === undefined) return `no dataset was used in ${named}, and a hub takes no empty report`;
    const known = typeof given === 'string' && given !== '' ? given : undefined;
    const outcome = await submitReport({ hub, submitted, report, month: String(named), known, signal });
    if ('rejected' in outcome) return outcome.rejected;
    log.info({ month: named, ...outcome }, 'report.submitted');
    return undefined;
  };

  return {
    write: async (events, signal) => {
      const rejected: Rejection[] = [];
      for (const [index, event] of events.entries()) {
        const reason = await submit(event, signal);
        if (reason !== undefined) rejected.push({ index, reason });
      }
      return { rejected };
    },
    // A hub that lists no reports can take one.
    probe: signal => hub.probe(false, signal),
    close: async () => {},
  };
}

/** For `event-sink check`: a hub that has no list of reports is more likely another address. */
export async function openHubCheck({ url, token }: HubConfig, { outgoing, clock }: SinkTools) {
  const hub = new Hub({ url, token, outgoing, now: () => clock.now() });
  return { probe: (signal: AbortSignal) => hub.probe(true, signal), close: async () => {} };
}
