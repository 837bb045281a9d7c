import { TransientError } from '../../errors.js';
import type { People } from '../../people/people.js';
import { httpFault, summary } from '../http/faults.js';
import { authorizationOf, request } from '../http/request.js';
import type { ErasedThere, SinkTools } from '../sink.js';
import type { AmplitudeConfig } from './session.js';

const timeoutMs = 30_000;
/** Users of one request, at most. */
const maxUsers = 100;

const hosts = { US: 'https://amplitude.com', EU: 'https://analytics.eu.amplitude.com' } as const;

/** An order is all that can be given: https://amplitude.com/docs/apis/analytics/user-privacy. */
export async function eraseFrom(
  config: AmplitudeConfig,
  { texts = [] }: People,
  { clock, outgoing }: SinkTools,
  signal: AbortSignal,
): Promise<ErasedThere> {
  const { apiKey, secretKey, zone, serverUrl } = config;
  const others = 'Amplitude deletes users alone: who is a property of events of others (author_id) stays there';
  if (secretKey === undefined) {
    const set = 'set AMPLITUDE_SECRET_KEY and erase again, or have the user deleted in Amplitude (docs/runbook.md)';
    return { steps: [set, others] };
  }
  const origin = serverUrl === undefined ? hosts[zone] : new URL(serverUrl.url).origin;
  const context = {
    name: 'Amplitude',
    secrets: [apiKey, secretKey],
    settings: { credentials: 'AMPLITUDE_SECRET_KEY', address: 'AMPLITUDE_SERVER_URL' },
    now: clock.now(),
  };
  for (let from = 0; from < texts.length; from += maxUsers) {
    const users = texts.slice(from, from + maxUsers);
    const answer = await request({
      url: `${origin}/api/2/deletions/users`,
      outgoing,
      headers: { ...authorizationOf({ user: apiKey, password: secretKey }), 'content-type': 'application/json' },
      body: JSON.stringify({ user_ids: users, ignore_invalid_id: 'true', requester: 'event-sink' }),
      signal,
      timeoutMs,
    });
    const fault = httpFault(answer, context);
    if (fault !== undefined) throw fault;
    if (answer.status >= 300) throw new TransientError(summary(answer, context));
  }
  return { steps: ['Amplitude has the order, and carries it out within 30 days', others] };
}
