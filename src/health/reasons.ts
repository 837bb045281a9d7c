import { describe } from '../errors.js';
import { errorCodeOf, networkErrorWords } from '../network-errors.js';

/** Why something could not be reached, from what was thrown. */
export function reasonOf(error: unknown): string {
  const code = errorCodeOf(error);
  if (code === undefined) return describe(error);
  const known = networkErrorWords[code];
  if (known !== undefined) return known;
  // HPE_*: llhttp's; ERR_SSL_*: OpenSSL's. Their messages are sentences, without secrets.
  if (code.startsWith('HPE_')) return `answer is not HTTP (${describe(error)})`;
  return code.startsWith('ERR_SSL_') ? `TLS handshake failed (${code})` : `${describe(error)} (${code})`;
}
