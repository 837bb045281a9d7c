import { hostname } from 'node:os';
import { SetupError } from '../../errors.js';
import { channelSession } from '../../notify/channel.js';
import type { Notification } from '../../notify/notification.js';
import type { Address } from '../../settings/addresses.js';
import { httpFault, summary } from '../http/faults.js';
import { authorizationOf, request } from '../http/request.js';
import type { SinkSession, SinkTools } from '../sink.js';
import { chatMessage } from './chat-message.js';
import { isTeams, teamsMessage } from './teams-message.js';

export interface SlackConfig {
  readonly url: Address;
}

const timeoutMs = 10_000;

export async function openSlack(
  { url: address }: SlackConfig,
  { name, keyValues, outgoing, clock }: Pick<SinkTools, 'name' | 'keyValues' | 'outgoing' | 'clock'>,
): Promise<SinkSession> {
  const url = new URL(address.url);
  const host = hostname();
  // The whole path is the secret of such an address.
  const secrets = [url.pathname, ...url.searchParams.values()];
  const context = () => ({
    name: url.host,
    secrets,
    settings: { credentials: 'NOTIFY_SLACK_URL', address: 'NOTIFY_SLACK_URL' },
    now: clock.now(),
  });

  const send = async (notification: Notification, signal: AbortSignal): Promise<string | undefined> => {
    const body = JSON.stringify(roomMessage(url, notification, host));
    const headers = { 'content-type': 'application/json', ...authorizationOf(address) };
    const response = await request({ url, outgoing, headers, body, signal, timeoutMs, maxResponseBytes: 4_096 });
    const fault = httpFault(response, context());
    if (fault !== undefined) throw fault;
    if (response.status < 300) return undefined;
    if (response.status === 410)
      throw new SetupError(`${summary(response, context())}: that room is no more, correct NOTIFY_SLACK_URL`);
    return summary(response, context());
  };
  return channelSession({ send, probe: signal => reach(url, { outgoing, signal }) }, { name, keyValues });
}

/** By whom the address is of. */
export function roomMessage(url: URL, notification: Notification, host: string) {
  return isTeams(url) ? teamsMessage(notification, host) : chatMessage(notification, host);
}

/** Any answer will do: what is asked for is not the webhook itself. */
async function reach(url: URL, tools: Pick<SinkTools, 'outgoing'> & { signal: AbortSignal }): Promise<void> {
  await request({ url: new URL('/', url), method: 'HEAD', timeoutMs, maxResponseBytes: 1, ...tools });
}
