import type { Event } from '../../events/event.js';
import { DeviceReader } from '../../people/devices.js';
import type { Address } from '../../settings/addresses.js';
import { type Refusal, writeByHalves } from '../halving.js';
import { type FaultContext, type HttpResponse, NoAnswerError } from '../http/faults.js';
import { authorizationOf, request } from '../http/request.js';
import type { SinkSession, SinkTools, WriteResult } from '../sink.js';
import { interpret, interpretCheck } from './answer.js';
import { compile } from './compile.js';
import { SentIds } from './sent-ids.js';

export interface MatomoConfig {
  /** Where Matomo is, without a slash at its end. */
  readonly url: Address;
  readonly siteId: number;
  readonly token: string;
  readonly siteUrl: string;
  readonly idDimension: number | undefined;
  readonly onAmbiguous: 'resend' | 'skip';
}

/** PHP works through a batch one by one. */
const timeoutMs = 60_000;
const checkEveryMs = 300_000;

/** Asks first whether the token is right: with a wrong one the tracker takes events, under the wrong time and place. */
export async function openSession(config: MatomoConfig, tools: SinkTools): Promise<SinkSession> {
  const { clock, outgoing, keyValues, log } = tools;
  const devices = new DeviceReader();
  const sentIds = new SentIds(keyValues);
  const secrets = [config.token, ...(config.url.password === undefined ? [] : [config.url.password])];
  const context = (): FaultContext => ({
    name: 'Matomo',
    secrets,
    settings: { credentials: 'MATOMO_TOKEN', address: 'MATOMO_URL' },
    now: clock.now(),
  });

  /** The token is in the body alone: addresses end up in logs. */
  const post = (path: string, type: string, body: string, signal: AbortSignal): Promise<HttpResponse> =>
    request({
      url: `${config.url.url}${path}`,
      outgoing,
      headers: { ...authorizationOf(config.url), 'content-type': type, 'user-agent': 'event-sink' },
      body,
      signal,
      timeoutMs,
      maxResponseBytes: 65_536,
    });

  const check = async (signal: AbortSignal): Promise<void> => {
    const asked = {
      module: 'API',
      method: 'SitesManager.getSiteFromId',
      idSite: String(config.siteId),
      format: 'JSON',
    };
    const body = new URLSearchParams({ ...asked, token_auth: config.token }).toString();
    interpretCheck(await post('/index.php', 'application/x-www-form-urlencoded', body, signal), context());
  };

  const track = async (events: readonly Event[], signal: AbortSignal): Promise<Refusal | undefined> => {
    const requests = events.map(event => `?${new URLSearchParams(compile(event, { ...config, devices }))}`);
    const body = JSON.stringify({ requests, token_auth: config.token });
    const ids = events.map(({ id }) => id);
    let response: HttpResponse;
    try {
      response = await post('/matomo.php', 'application/json', body, signal);
    } catch (error) {
      if (config.onAmbiguous === 'resend' || !(error instanceof NoAnswerError) || !error.ambiguous) throw error;
      await sentIds.record(ids);
      log.warn({ count: ids.length, reason: error.message }, 'batch.assumed_sent');
      return undefined;
    }
    const answer = interpret(response, events.length, context());
    switch (answer.kind) {
      case 'tracked':
        await sentIds.record(ids);
        return undefined;
      case 'named': {
        const left = new Set(answer.positions);
        await sentIds.record(ids.filter((_id, index) => !left.has(index)));
        return new Map(answer.positions.map(position => [position, answer.reason]));
      }
      case 'refused':
        // All of them, perhaps for the token's or the site's sake.
        await check(signal);
        return answer.reason;
      case 'unclear':
        return new Map(ids.map((_id, index) => [index, answer.reason]));
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
      return {
        rejected: rejected.map(({ index, reason }) => ({ index: place(index), reason })),
        duplicates: duplicates + events.length - fresh.length,
        ...(deferred === undefined ? {} : { deferred: { ...deferred, indexes: deferred.indexes.map(place) } }),
      };
    },
    probe: check,
    close: async () => {},
  };
}
