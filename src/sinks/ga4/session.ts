import { SetupError, TransientError } from '../../errors.js';
import type { Event } from '../../events/event.js';
import { DeviceReader } from '../../people/devices.js';
import { httpFault, summary } from '../http/faults.js';
import type { Rejection, SinkSession, SinkTools, WriteResult } from '../sink.js';
import { collect } from './collect.js';
import { type Compiled, compile, type Shortening } from './compile.js';
import { timelyEvent, timesOf } from './render.js';
import { bodyOf, type Ga4Request, requestsOf } from './requests.js';
import { SentIds } from './sent-ids.js';
import { ask, faultContext, type Stream } from './stream.js';

export interface Ga4Config extends Stream {
  readonly clientId: string | undefined;
  readonly onAmbiguous: 'resend' | 'skip';
}

export function openSession(config: Ga4Config, { clock, log, keyValues, outgoing, ageClock }: SinkTools): SinkSession {
  const devices = new DeviceReader();
  const sentIds = new SentIds(keyValues);
  const note = shorteningNotes(log);
  const context = faultContext(config);

  const send = async (body: string, which: 'collect' | 'debug', signal: AbortSignal): Promise<string | undefined> => {
    const response = await ask(config, outgoing, which, body, signal);
    if (response.status >= 200 && response.status < 300) {
      // Google answers a collected request with nothing: a page is some gateway's, which has kept the request to
      // itself.
      if (response.text.trimStart().startsWith('<'))
        throw new TransientError(
          `${summary(response, context)}, a page instead of nothing: a gateway kept the request`,
        );
      return undefined;
    }
    // Some proxies pass on the events and have no validation server: then there is nothing to ask.
    if (which === 'debug' && (response.status === 404 || response.status === 405)) return undefined;
    const fault = httpFault(response, { ...context, now: clock.now() });
    if (fault !== undefined) throw fault;
    return summary(response, context);
  };

  /**
   * The validation server takes a sample: nothing is stored. Neither it nor the collecting server says that an id or a
   * secret is wrong.
   */
  const check = async (signal: AbortSignal): Promise<void> => {
    const [sample] = requestsOf([
      ['probe', compile(sampleEvent(clock.now()), { ...config, devices, now: clock.now() })],
    ]);
    const refusal = sample === undefined ? undefined : await send(bodyOf(sample), 'debug', signal);
    if (refusal !== undefined) throw new SetupError(`${refusal}, even for a sample: check GOOGLE_SERVER_URL`);
  };

  return {
    async write(events, signal, halt) {
      const times = timesOf(clock, ageClock);
      const positions = positionsById(events);
      const sent = await sentIds.sent(events);
      const reasons = new Map<string, string>();
      const tooOld = new Set<string>();
      const compiled = new Map<string, Compiled>();
      for (const [id, indexes] of positions) {
        const event = events[indexes[0] ?? 0];
        if (event === undefined || sent.has(id)) continue;
        const one = timelyEvent(event, { ...config, devices, ...times });
        if ('tooOld' in one) tooOld.add(id);
        else if ('refused' in one) reasons.set(id, one.refused);
        else {
          note(event, one.shortened);
          compiled.set(id, one);
        }
      }
      const transport = {
        send: (request: Ga4Request) => send(bodyOf(request), 'collect', signal),
        check: () => check(signal),
      };
      const refused = await collect(requestsOf([...compiled]), {
        transport,
        sentIds,
        log,
        onAmbiguous: config.onAmbiguous,
        halt,
      });
      for (const [id, reason] of refused) reasons.set(id, reason);
      return resultOf(positions, { reasons, tooOld, sent });
    },
    probe: check,
    close: async () => {},
  };
}

/** Every position of each id of a batch. */
function positionsById(events: readonly Event[]): Map<string, number[]> {
  const positions = new Map<string, number[]>();
  for (const [index, { id }] of events.entries()) {
    const known = positions.get(id);
    if (known === undefined) positions.set(id, [index]);
    else known.push(index);
  }
  return positions;
}

function resultOf(
  positions: ReadonlyMap<string, readonly number[]>,
  found: {
    readonly reasons: ReadonlyMap<string, string>;
    readonly tooOld: ReadonlySet<string>;
    readonly sent: ReadonlySet<string>;
  },
): Required<Pick<WriteResult, 'rejected' | 'tooOld' | 'duplicates'>> {
  const rejected: Rejection[] = [];
  const tooOld: number[] = [];
  let duplicates = 0;
  for (const [id, indexes] of positions) {
    const reason = found.reasons.get(id);
    if (reason !== undefined) rejected.push(...indexes.map(index => ({ index, reason })));
    else if (found.tooOld.has(id)) tooOld.push(...indexes);
    else duplicates += found.sent.has(id) ? indexes.length : indexes.length - 1;
  }
  return { rejected, tooOld, duplicates };
}

const maxNotes = 200;

/** Says once what does not fit into Google Analytics, per kind and field. */
function shorteningNotes(log: SinkTools['log']): (event: Event, shortened: readonly Shortening[]) => void {
  const said = new Set<string>();
  return ({ category, id }, shortened) => {
    for (const { what, field } of shortened) {
      const key = `${what} ${field}`;
      if (said.has(key) || said.size >= maxNotes) continue;
      said.add(key);
      log.debug({ what, field, category, id }, 'event.shortened');
    }
  };
}

function sampleEvent(now: number): Event {
  const fields = { category: 'service_status', type: 'up', service_name: 'event-sink' };
  return {
    id: 'probe',
    created: now,
    category: fields.category,
    type: fields.type,
    fields,
    source: 'health',
    received: now,
  };
}
