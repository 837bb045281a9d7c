import { SetupError } from '../../errors.js';
import type { Event } from '../../events/event.js';
import { hashOf } from '../../events/identity.js';
import type { Address } from '../../settings/addresses.js';
import { FirstSuccess } from '../first-success.js';
import { writeByHalves } from '../halving.js';
import { type FaultContext, type HttpResponse, httpFault, summary } from '../http/faults.js';
import { authorizationOf, request } from '../http/request.js';
import { signedHeaders } from '../http/signature.js';
import type { SinkSession, SinkTools } from '../sink.js';
import { bodyOf, contentTypes, renderEvent, type WebhookFormat } from './render.js';

export interface WebhookConfig {
  readonly url: Address;
  /** Undefined: not signed. */
  readonly secret: Buffer | undefined;
  readonly format: WebhookFormat;
  readonly gzip: boolean;
}

const timeoutMs = 30_000;
/** Shorter parts of the path are words such as `events`. */
const minSecretPartLength = 8;

/** Answers about what was sent. With any other that is not a success, nothing would be taken from here. */
const refusals: ReadonlySet<number> = new Set([400, 409, 413, 422]);

export async function openSession(config: WebhookConfig, tools: SinkTools): Promise<SinkSession> {
  const { outgoing, clock } = tools;
  const url = new URL(config.url.url);
  const { password } = config.url;
  // Many services have the secret in the path.
  const path = url.pathname.split('/').filter(part => part.length >= minSecretPartLength);
  const secrets = [...path, ...url.searchParams.values(), ...(password === undefined ? [] : [password])];

  const firstSuccess = await FirstSuccess.open(tools, {
    config,
    fix: 'check WEBHOOK_SECRET and WEBHOOK_URL; if it is right that no such event is taken there, leave them out with WEBHOOK_CATEGORIES',
  });

  /** Resolves with why the receiver refuses these, or undefined. */
  const send = async (events: readonly Event[], signal: AbortSignal): Promise<string | undefined> => {
    const { format, gzip } = config;
    const body = bodyOf(
      events.map(event => renderEvent(event, format)),
      format,
    );
    const headers = {
      'content-type': contentTypes[format],
      ...signedHeaders(batchId(events), body, clock.now(), config.secret),
      ...authorizationOf(config.url),
    };
    const response = await request({ url, outgoing, headers, body, gzip, signal, timeoutMs, maxResponseBytes: 4_096 });
    const refusal = verdict(response, {
      name: url.host,
      secrets,
      settings: { credentials: 'WEBHOOK_URL and WEBHOOK_SECRET', address: 'WEBHOOK_URL' },
      now: clock.now(),
    });
    // Who answers 409 has some of them already.
    if (refusal === undefined || response.status === 409) await firstSuccess.taken();
    return refusal;
  };

  return {
    write: async (events, signal, halt) =>
      firstSuccess.checked(events, await writeByHalves(events, group => send(group, signal), clock, halt)),
    /** Any answer will do: what is asked for is not the address itself. */
    async probe(signal) {
      await request({ url: new URL('/', url), method: 'HEAD', outgoing, signal, timeoutMs, maxResponseBytes: 1 });
    },
    close: async () => {},
  };
}

/** A hash of the ids of its events: a request that is tried again has the same. */
function batchId(events: readonly Event[]): string {
  return hashOf(events.map(({ id }) => id).join('\n'));
}

/** @throws TransientError, SetupError */
function verdict(response: HttpResponse, context: FaultContext): string | undefined {
  const { status } = response;
  if (status >= 200 && status < 300) return undefined;
  const said = summary(response, context);
  if (refusals.has(status)) return said;
  if (status === 410) throw new SetupError(`${said}: it takes no more events: correct WEBHOOK_URL, or take it out`);
  if (status === 415) throw new SetupError(`${said}: it takes another format: check WEBHOOK_FORMAT and WEBHOOK_GZIP`);
  throw httpFault(response, context) ?? new SetupError(`${said}: check that WEBHOOK_URL leads to a program for events`);
}
