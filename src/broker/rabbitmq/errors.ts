import { describe, SetupError, TransientError } from '../../errors.js';
import { errorCodeOf, issuerAdvice, networkErrorWords } from '../../network-errors.js';
import { redact } from '../../redact.js';

/**
 * What RabbitMQ's users have or lack, for each queue and exchange;
 * https://www.rabbitmq.com/docs/access-control#authorisation
 */
export type Permission = 'configure' | 'write' | 'read';

/** The user of RABBITMQ_URI lacks a permission. */
export class PermissionError extends SetupError {
  override name = 'PermissionError';
}

/**
 * The reply code with which the server closed a channel or a connection;
 * https://www.rabbitmq.com/amqp-0-9-1-reference.html#constants
 */
export function replyCode(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'number' ? code : undefined;
}

/**
 * The server closed the channel because of what was published: too large, or not as it may be. The
 * same again would end the same way.
 */
export function isAboutMessage(error: unknown): boolean {
  const code = replyCode(error);
  return code === 311 || code === 406 || (code !== undefined && code >= 501 && code <= 505);
}

/** Why a node cannot be reached: a SetupError says what a person can do about it. Never shows the credentials. */
export function connectionFault(node: string, error: unknown): TransientError | SetupError {
  const where = nodeAddress(node);
  const { protocol } = new URL(node);
  const text = redact(describe(error));
  const code = errorCodeOf(error);
  if (/\b403\b/.test(text))
    return new SetupError(`RabbitMQ at ${where} refuses the user name or the password: fix them in RABBITMQ_URI`);
  if (/ConnectionOpenOk/.test(text)) {
    const host = decodeURIComponent(new URL(node).pathname.slice(1)) || '/';
    return new SetupError(
      `RabbitMQ at ${where} refuses the virtual host "${host}": it is not there, or the user may not use it. Fix RABBITMQ_URI, or the permissions`,
    );
  }
  if (
    protocol === 'amqps:' &&
    /wrong version number|packet length too long|ERR_SSL_WRONG_VERSION/i.test(`${text} ${code}`)
  )
    return new SetupError(
      `what listens at ${where} does not speak TLS: write amqp:// instead of amqps:// in RABBITMQ_URI, or name the TLS port (usually 5671)`,
    );
  if (
    protocol === 'amqp:' &&
    /Socket closed abruptly during opening handshake|Expected ConnectionStart|Invalid frame/i.test(text)
  )
    return new TransientError(
      `what listens at ${where} does not answer as RabbitMQ: if it is the TLS port, write amqps:// instead of amqp:// in RABBITMQ_URI`,
    );
  if (/ETIMEDOUT|aborted/.test(text)) return new TransientError(`RabbitMQ at ${where} does not answer`);
  const words = code === undefined ? undefined : networkErrorWords[code];
  const advice = issuerAdvice(code);
  if (advice !== undefined)
    return new SetupError(`RabbitMQ at ${where} cannot be trusted: ${words} (${code}): ${advice}`);
  if (words !== undefined) return new TransientError(`RabbitMQ at ${where} cannot be reached: ${words} (${code})`);
  return new TransientError(`RabbitMQ at ${where}: ${text || code || 'no connection'}`);
}

/** Host and port. */
export function nodeAddress(node: string): string {
  const { hostname, port, protocol } = new URL(node);
  return `${hostname}:${port || (protocol === 'amqps:' ? 5671 : 5672)}`;
}

/** The servers and their virtual host, without credentials. */
export function placeOf(nodes: readonly string[]): string {
  return [...new Set(nodes.map(node => `${nodeAddress(node)}${new URL(node).pathname}`))].sort().join(' ');
}

/**
 * An operation on a queue or an exchange failed: as what the caller must do about it. `needs` is the permission that
 * the operation takes, which RabbitMQ itself does not always name.
 */
export function operationError(what: string, error: unknown, needs: Permission): TransientError | SetupError {
  const said = serverText(error);
  switch (replyCode(error)) {
    case 403:
      return new PermissionError(`the user of RABBITMQ_URI lacks the ${needs} permission on ${what} (${said})`);
    case 404:
      return new TransientError(`${what} is not there (${said})`);
    case 405:
      return new SetupError(`${what} belongs to another connection alone (${said})`);
    case 406:
      return new SetupError(`${what} is there already, but declared in another way (${said})`);
    default:
      return new TransientError(`${what}: ${said}`, { cause: error });
  }
}

const beforeWords = 'with message "';

/** The server's own words, without amqplib's around them. */
export function serverText(error: unknown): string {
  const text = redact(describe(error));
  const start = text.indexOf(beforeWords);
  return start >= 0 && text.endsWith('"') ? text.slice(start + beforeWords.length, -1) : text;
}
