import { hostname } from 'node:os';
import { createTransport } from 'nodemailer';
import { TransientError } from '../../errors.js';
import { channelSession } from '../../notify/channel.js';
import { html } from '../../notify/html.js';
import type { Notification } from '../../notify/notification.js';
import { plainText } from '../../notify/text.js';
import type { SinkSession, SinkTools } from '../sink.js';
import type { EmailConfig, SmtpAddress } from './addresses.js';
import { refusalOf, smtpFault } from './faults.js';

/** Whoever has the mail already, until the others have it too, ms. */
const reachedKeptMs = 30 * 86_400_000;

/** A connection for each mail: there are few, and one that is kept may be dead when it counts. */
export async function openEmail(
  config: EmailConfig,
  { name, keyValues }: Pick<SinkTools, 'name' | 'keyValues'>,
): Promise<SinkSession> {
  const { smtp, to } = config;
  const transport = createTransport(transportOptions(smtp));

  const send = async (notification: Notification, signal: AbortSignal): Promise<string | undefined> => {
    const { id } = notification;
    const key = `reached ${id}`;
    const reached = (await keyValues.get([key])).get(key)?.split(',') ?? [];
    const left = to.filter(address => !reached.includes(address));
    if (left.length === 0) return undefined;
    try {
      const mail = mailOf(notification, config.from, left);
      const { accepted, rejected, rejectedErrors } = await transport.sendMail({ ...mail, signal });
      if (rejected.length === 0) return undefined;
      await keyValues.put([[key, [...reached, ...accepted].join(',')]], reachedKeptMs);
      const words = (rejectedErrors ?? []).map(({ response }) => response).join('; ');
      const reason = `${smtp.host} refused ${rejected.join(', ')}, and the other recipients have the mail: ${words}`;
      if ((rejectedErrors ?? []).some(({ responseCode = 500 }) => responseCode < 500)) throw new TransientError(reason);
      return reason;
    } catch (error) {
      const refusal = refusalOf(error, config);
      if (refusal !== undefined) return refusal;
      throw smtpFault(error, config);
    }
  };

  const probe = async (): Promise<void> => {
    await transport.verify().catch(error => {
      throw smtpFault(error, config);
    });
  };
  return channelSession({ send, probe }, { name, keyValues });
}

/** A message that goes out twice has the same Message-ID. */
export function mailOf(notification: Notification, from: string, to: readonly string[]) {
  const { id, subject, created, thread } = notification;
  const host = hostname();
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const messageId = (of: string): string => `<${of.replace(/[^\w.-]/g, '-')}@${domain}>`;
  const threads = thread === undefined ? {} : { inReplyTo: messageId(thread), references: [messageId(thread)] };
  return {
    from: { name: 'event-sink', address: from },
    to: to.map(address => ({ name: '', address })),
    subject,
    text: plainText(notification, host),
    html: html(notification, host),
    messageId: messageId(id),
    ...threads,
    date: new Date(created),
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
  };
}

/** All time-outs together stay below those of a write and of `check`. */
function transportOptions({ host, port, secure, starttls, user, password }: SmtpAddress) {
  return {
    host,
    port,
    secure,
    ignoreTLS: !secure && starttls === 'off',
    requireTLS: !secure && starttls === 'required',
    // A server that offers no log-in would get the mail without one: it is asked for all the same, and refuses.
    ...(user === undefined ? {} : { auth: { user, pass: password ?? '' }, forceAuth: true }),
    dnsTimeout: 5_000,
    connectionTimeout: 6_000,
    greetingTimeout: 6_000,
    socketTimeout: 10_000,
    socketCloseTimeout: 1_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
