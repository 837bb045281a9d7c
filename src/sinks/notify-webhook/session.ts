import { SetupError } from '../../errors.js';
import { hashOf } from '../../events/identity.js';
import { channelSession } from '../../notify/channel.js';
import type { Notification } from '../../notify/notification.js';
import type { Address } from '../../settings/addresses.js';
import { httpFault, summary } from '../http/faults.js';
import { authorizationOf, request } from '../http/request.js';
import { signedHeaders } from '../http/signature.js';
import type { SinkSession, SinkTools } from '../sink.js';
import { webhookBody } from './body.js';

export interface WebhookConfig {
  readonly url: Address;
  /** Undefined: not signed. */
  readonly secret: Buffer | undefined;
}

const timeoutMs = 15_000;
/** How long a receiver that said that it is no more is left alone, ms. */
const goneMs = 6 * 3_600_000;

export async function openWebhook(
  { url: address, secret }: WebhookConfig,
  { name, keyValues, outgoing, clock }: Pick<SinkTools, 'name' | 'keyValues' | 'outgoing' | 'clock'>,
): Promise<SinkSession> {
  const url = new URL(address.url);
  const secrets = [...url.searchParams.values(), ...(address.password === undefined ? [] : [address.password])];
  const context = () => ({
    name: url.host,
    secrets,
    settings: { credentials: 'NOTIFY_WEBHOOK_URL and NOTIFY_WEBHOOK_SECRET', address: 'NOTIFY_WEBHOOK_URL' },
    now: clock.now(),
  });
  const goneKey = `gone ${hashOf(address.url)}`;
  const requireThere = async (): Promise<void> => {
    if ((await keyValues.get([goneKey])).has(goneKey))
      throw new SetupError(
        `${url.host} answered 410, it takes no more notifications: correct NOTIFY_WEBHOOK_URL, or take it out. It is tried again every ${goneMs / 3_600_000} hours`,
      );
  };

  const send = async (notification: Notification, signal: AbortSignal): Promise<string | undefined> => {
    await requireThere();
    const body = JSON.stringify(webhookBody(notification));
    const signed = signedHeaders(notification.id, body, clock.now(), secret);
    const headers = { 'content-type': 'application/json', ...signed, ...authorizationOf(address) };
    const response = await request({ url, outgoing, headers, body, signal, timeoutMs, maxResponseBytes: 4_096 });
    if (response.status === 410) {
      await keyValues.put([[goneKey, 'gone']], goneMs);
      await requireThere();
    }
    const fault = httpFault(response, context());
    if (fault !== undefined) throw fault;
    return response.status < 300 ? undefined : summary(response, context());
  };

  /** Any answer will do: what is asked for is not the address itself. */
  const probe = async (signal: AbortSignal): Promise<void> => {
    await requireThere();
    await request({ url: new URL('/', url), method: 'HEAD', outgoing, signal, timeoutMs, maxResponseBytes: 1 });
  };
  return channelSession({ send, probe }, { name, keyValues });
}
