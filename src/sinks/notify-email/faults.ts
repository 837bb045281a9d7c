import { SetupError, TransientError } from '../../errors.js';
import { issuerAdvice, networkErrorWords } from '../../network-errors.js';
import { redact } from '../../redact.js';
import type { EmailConfig } from './addresses.js';

/** What nodemailer's errors carry. */
interface SmtpError extends Error {
  readonly code?: string;
  readonly response?: string;
  readonly responseCode?: number;
  readonly command?: string;
  /** The code of the system or of OpenSSL, where nodemailer has put its own in its place. */
  readonly originalCode?: string;
}

/** Why the server never takes this mail, whoever sends it to whom; undefined when it is something else. */
export function refusalOf(error: unknown, config: EmailConfig): string | undefined {
  const { code, responseCode = 0 } = error as SmtpError;
  if (code !== 'EMESSAGE' || responseCode < 500) return undefined;
  return `${config.smtp.host} refused the mail: ${said(error as SmtpError, config)}`;
}

/** What is wrong, in words, and whether anybody has to do something about it. */
export function smtpFault(error: unknown, config: EmailConfig): unknown {
  if (error instanceof TransientError || error instanceof SetupError) return error;
  const { code = '', responseCode = 0, command = '' } = error as SmtpError;
  const { smtp, to, from } = config;
  const server = `${smtp.host}:${smtp.port}`;
  const isFinal = responseCode >= 500;
  switch (code) {
    case 'EAUTH':
      if (responseCode > 0 && responseCode < 500)
        return new TransientError(`${server} cannot check the password now: ${said(error, config)}`);
      return new SetupError(
        `${server} refused the log-in of ${smtp.user ?? 'nobody'} (${said(error, config)}): correct user and password in SMTP_URL${responseCode === 503 || responseCode === 502 || responseCode === 500 ? ', or leave them out: it may offer no log-in' : ''}`,
      );
    case 'EENVELOPE':
      if (!isFinal && responseCode > 0)
        return new TransientError(`${server} puts the mail off: ${said(error, config)}`);
      return command.startsWith('MAIL')
        ? new SetupError(`${server} refused the sender ${from} (${said(error, config)}): correct NOTIFY_EMAIL_FROM`)
        : new SetupError(
            `${server} refused ${to.join(', ')} (${said(error, config)}): correct NOTIFY_EMAIL_TO, or let the server take mail from this machine`,
          );
    case 'EDNS':
      return new TransientError(`the name of ${smtp.host} cannot be resolved: check SMTP_URL`);
    case 'ETIMEDOUT':
      return new TransientError(
        `${server} did not answer in time: check host and port in SMTP_URL (465 wants smtps://), and the firewall`,
      );
    case 'ETLS':
      return new SetupError(encrypted(error, server, config));
    case 'ESOCKET':
    case 'ECONNECTION':
    case 'EPROTOCOL':
      return socketFault(error, server, config);
    default:
      return code === '' ? error : new TransientError(`${server} did not take the mail: ${said(error, config)}`);
  }
}

function socketFault(error: unknown, server: string, config: EmailConfig): Error {
  const reason = reasonOf(error);
  if (/STARTTLS|TLS|SSL|CERT|SIGNED|ISSUER|EPROTO/i.test(`${reason} ${(error as Error).message}`))
    return new SetupError(encrypted(error, server, config));
  const words = networkErrorWords[reason];
  if (words !== undefined) return new TransientError(`${server}: ${words}`);
  return new TransientError(`${server} broke off: ${said(error, config)}`);
}

function encrypted(error: unknown, server: string, { smtp }: EmailConfig): string {
  const reason = reasonOf(error);
  const { message } = error as Error;
  if (/does not support|STARTTLS/i.test(message) && networkErrorWords[reason] === undefined)
    return `${server} offers no encryption (STARTTLS), and SMTP_URL has a password: use another port or smtps://, or give it up with ?starttls=off`;
  const advice =
    issuerAdvice(reason) ??
    (/WRONG_VERSION|EPROTO/.test(reason) || /wrong version/i.test(message)
      ? 'the port speaks another way: smtps:// is for 465, smtp:// for 587 and 25'
      : 'check the certificate of the server, and the name in SMTP_URL');
  const orPlain = !smtp.secure && smtp.starttls === 'optional' ? ', or go without encryption by ?starttls=off' : '';
  return `no secure connection to ${server}: ${networkErrorWords[reason] ?? message}: ${advice}${orPlain}`;
}

function reasonOf(error: unknown): string {
  const { originalCode = '' } = error as SmtpError;
  return originalCode;
}

/** What the server said, on one line and without the password. */
function said(error: unknown, { smtp }: EmailConfig): string {
  const { response, message } = error as SmtpError;
  const secrets = smtp.password === undefined ? [] : [smtp.password];
  return redact(response ?? message, secrets)
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 300);
}
