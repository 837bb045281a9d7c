import { SetupError } from '../../errors.js';
import type { Event } from '../../events/event.js';
import { hubReport, unsetOf } from '../../usage/hub-report.js';
import type { Rejection, SinkSession, SinkTools } from '../sink.js';
import { Hub, type HubConfig } from './hub.js';
import { requestOf } from './request.js';
import { submitReport } from './submit.js';
import { SubmittedReports } from './submitted.js';

export type { HubConfig } from './hub.js';

export async function openHub(config: HubConfig, tools: SinkTools): Promise<SinkSession> {
  const { clock, outgoing, keyValues, reported, log } = tools;
  const hub = new Hub({ ...config, outgoing, now: () => clock.now() });
  const submitted = new SubmittedReports(keyValues, config.url);

  /** Resolves with why the hub will never take it, or with undefined. */
  const submit = async (event: Event, signal: AbortSignal): Promise<string | undefined> => {
    const asked = requestOf(event, clock.now());
    if ('refused' in asked) return asked.refused;
    const { month, known } = asked;
    if (reported === undefined) throw new SetupError('usage is not counted here, so there is no report: set USAGE=on');
    const unset = unsetOf(reported.config);
    if (unset !== undefined) throw new SetupError(`a report needs ${unset.what}: set ${unset.setting}`);
    const report = await hubReport(reported, month, clock);
    if (report === undefined) return `no dataset was used in ${asked.named}, and a hub takes no empty report`;
    const outcome = await submitReport({ hub, submitted, report, month: asked.named, known, signal });
    if ('rejected' in outcome) return outcome.rejected;
    log.info({ month: asked.named, ...outcome }, 'report.submitted');
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
