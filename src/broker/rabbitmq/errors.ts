import { describe, SetupError, TransientError } from '../../errors.js';
import { errorCodeOf, networkErrorWords } from '../../network-errors.js';
import { redact } from '../../redact.js';

/** The reply code with which the server closed a channel or a connection; https://www.rabbitmq.com/amqp-0-9-1-reference.html#constants */
export function replyCode(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'number' ? code : undefined;
}

/** Why a node cannot be reached, and what a person can do about it. Never shows the credentials. */
export function connectionReason(node: string, error: unknown): string {
  const where = nodeAddress(node);
  const text = redact(describe(error));
  const code = errorCodeOf(error);
  if (/\b403\b/.test(text))
    return `RabbitMQ at ${where} refuses the user name or the password: fix them in RABBITMQ_URI`;
  if (/ConnectionOpenOk/.test(text)) {
    const host = decodeURIComponent(new URL(node).pathname.slice(1)) || '/';
    return `RabbitMQ at ${where} refuses the virtual host "${host}": it is not there, or the user may not use it. Fix RABBITMQ_URI, or the permissions`;
  }
  if (/ETIMEDOUT|aborted/.test(text)) return `RabbitMQ at ${where} does not answer`;
  const words = code === undefined ? undefined : networkErrorWords[code];
  if (words !== undefined) return `RabbitMQ at ${where} cannot be reached: ${words} (${code})`;
  return `RabbitMQ at ${where}: ${text || code || 'no connection'}`;
}

/** Host and port. */
export function nodeAddress(node: string): string {
  const { hostname, port, protocol } = new URL(node);
  return `${hostname}:${port || (protocol === 'amqps:' ? 5671 : 5672)}`;
}

/** What an operation on a queue or an exchange failed with, as what the caller must do about it. */
export function operationError(what: string, error: unknown): TransientError | SetupError {
  const said = serverText(error);
  switch (replyCode(error)) {
    case 403:
      return new SetupError(
        `RabbitMQ does not let the user of RABBITMQ_URI use ${what}: give it the permissions to configure, write and read (${said})`,
      );
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

/** The server's own words, without amqplib's around them. */
function serverText(error: unknown): string {
  const text = redact(describe(error));
  return /with message "(.*)"$/s.exec(text)?.[1] ?? text;
}
