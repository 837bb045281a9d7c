import { describe } from '../errors.js';
import { errorCodeOf, networkErrorWords } from '../network-errors.js';
import type { Sample } from './sample.js';

/** Why something could not be reached, from what was thrown. */
export function reasonOf(error: unknown): string {
  const code = errorCodeOf(error);
  if (code === undefined) return describe(error);
  // Node gives OpenSSL's own errors this code now and then, and OpenSSL's word only in the message.
  if (code === 'EPROTO' && /wrong version number/.test(describe(error)))
    return networkErrorWords.ERR_SSL_WRONG_VERSION_NUMBER ?? code;
  const known = networkErrorWords[code];
  if (known !== undefined) return known;
  // HPE_*: llhttp's; ERR_SSL_*: OpenSSL's. Their messages are sentences, without secrets.
  if (code.startsWith('HPE_')) return `answer is not HTTP (${describe(error)})`;
  return code.startsWith('ERR_SSL_') ? `TLS handshake failed (${code})` : `${describe(error)} (${code})`;
}

/** What went wrong here, and says nothing about a service: limits of this process and of this machine. */
const limitsHere: Readonly<Record<string, string>> = {
  EMFILE: 'this daemon has too many files and connections open',
  ENFILE: 'this machine has too many files open',
  ENOMEM: 'this machine is out of memory',
  ENOBUFS: 'this machine is out of buffers for its network',
  EADDRNOTAVAIL: 'this machine has no port, or no address, left to connect from',
  EAGAIN: 'this machine has no room for another process',
  EAI_MEMORY: 'this machine is out of memory',
};

/** An error that is not the fault of what was checked says so itself. */
export interface NotTheTarget {
  readonly notTheTarget: true;
}

/** The limit of this process or machine that an error is about; undefined for every other error. */
export function limitHereOf(error: unknown): string | undefined {
  return limitsHere[errorCodeOf(error) ?? ''];
}

/** The sample that an error makes: failed, or not taken where something here was the reason. */
export function failureOf(error: unknown): Sample {
  const here = limitHereOf(error);
  if (here !== undefined) return notChecked(here);
  const reason = reasonOf(error);
  if ((error as Partial<NotTheTarget> | null)?.notTheTarget) return notChecked(reason);
  const name = unresolvedName(error);
  return name === undefined ? { reason } : { reason, unresolvedName: name };
}

/** A sample that could not be taken. */
export function notChecked(why: string): Sample {
  return { reason: `not checked: ${why}`, unknown: true };
}

/** EAI_AGAIN: the name server was silent, or it says that those of the name fail. */
function unresolvedName(error: unknown): string | undefined {
  const { hostname } = (error ?? {}) as { readonly hostname?: unknown };
  return errorCodeOf(error) === 'EAI_AGAIN' && typeof hostname === 'string' ? hostname : undefined;
}
