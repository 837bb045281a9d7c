import type { Event } from '../../events/event.js';
import { DeviceReader } from '../../people/devices.js';
import { FirstSuccess } from '../first-success.js';
import { type Refusal, writeByHalves } from '../halving.js';
import { type HttpResponse, NoAnswerError } from '../http/faults.js';
import type { SinkSession, SinkTools, WriteResult } from '../sink.js';
import { interpret, interpretCheck } from './answer.js';
import { MatomoClient, type MatomoConfig } from './client.js';
import { compile } from './compile.js';
import { SentIds } from './sent-ids.js';

const checkEveryMs = 300_000;

/** Asks first whether the token is right: with a wrong one the tracker takes events, under the wrong time and place. */
export async function openSession(config: MatomoConfig, tools: SinkTools): Promise<SinkSession> {
  const { clock, keyValues, log } = tools;
  const devices = new DeviceReader();
  const sentIds = new SentIds(keyValues);
  const server = new MatomoClient(config, tools);
  const firstSuccess = await FirstSuccess.open(tools, {
    config,
    fix: 'look at the settings of the website in Matomo; if it is right that no such event is taken there, leave them out with MATOMO_CATEGORIES',
  });

  const check = async (signal: AbortSignal): Promise<void> =>
    interpretCheck(
      await server.ask('SitesManager.getSiteFromId', { idSite: String(config.siteId) }, signal),
      server.faultContext,
    );

  const track = async (events: readonly Event[], signal: AbortSignal): Promise<Refusal | undefined> => {
    const requests = events.map(event => `?${new URLSearchParams(compile(event, { ...config, devices }))}`);
    const ids = events.map(({ id }) => id);
    const every = (reason: string): Refusal => new Map(ids.map((_id, index) => [index, reason]));
    let response: HttpResponse;
    try {
      response = await server.track(requests, signal);
    } catch (error) {
      if (config.onAmbiguous === 'resend' || !(error instanceof NoAnswerError) || !error.ambiguous) throw error;
      await sentIds.record(ids);
      log.warn({ count: ids.length, reason: error.message }, 'batch.assumed_sent');
      return undefined;
    }
    const answer = interpret(response, events.length, server.faultContext);
    switch (answer.kind) {
      case 'tracked':
        await sentIds.record(ids);
        await firstSuccess.taken();
        return undefined;
      case 'named': {
        const left = new Set(answer.positions);
        await sentIds.record(ids.filter((_id, index) => !left.has(index)));
        await firstSuccess.taken();
        return new Map(answer.positions.map(position => [position, answer.reason]));
      }
      case 'refused':
        // Perhaps for the token's or the site's sake.
        await check(signal);
        return answer.each ? every(answer.reason) : answer.reason;
      case 'unclear':
        await firstSuccess.taken();
        return every(answer.reason);
    }
  };

  let checkedAt = Number.NEGATIVE_INFINITY;
  return {
    async write(events, signal): Promise<WriteResult> {
      if (clock.monotonic() - checkedAt > checkEveryMs) {
        await check(signal);
        checkedAt = clock.monotonic();
      }
      const sent = await sentIds.among(events.map(({ id }) => id));
      const indexes = events.flatMap(({ id }, index) => (sent.has(id) ? [] : [index]));
      const fresh = events.filter(({ id }) => !sent.has(id));
      if (fresh.length === 0) return { duplicates: events.length };
      const {
        rejected = [],
        deferred,
        duplicates = 0,
      } = await writeByHalves(fresh, group => track(group, signal), clock);
      const place = (index: number): number => indexes[index] ?? 0;
      return firstSuccess.checked(events, {
        rejected: rejected.map(({ index, reason }) => ({ index: place(index), reason })),
        duplicates: duplicates + events.length - fresh.length,
        ...(deferred === undefined ? {} : { deferred: { ...deferred, indexes: deferred.indexes.map(place) } }),
      });
    },
    probe: check,
    close: async () => {},
  };
}
