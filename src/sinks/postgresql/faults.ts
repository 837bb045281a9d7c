import { SetupError, TransientError } from '../../errors.js';
import { issuerAdvice, networkErrorWords } from '../../network-errors.js';
import { redact } from '../../redact.js';

/** https://www.postgresql.org/docs/current/errcodes-appendix.html: what a class of codes, or a code, is about. */
const meanings: Readonly<Record<string, 'data' | 'transient' | 'setup'>> = {
  '22': 'data', // data exception: a number beyond numeric, say
  '23': 'data', // a constraint of the owner's
  '44': 'data', // a view of the owner's with a check
  '54': 'data', // too large for an index, or for jsonb
  P0: 'data', // a trigger of the owner's raised it
  '08': 'transient', // connection
  '25': 'transient', // read-only: a standby, until somebody promotes it
  '40': 'transient', // rolled back by a deadlock, say
  '53': 'transient', // disk full, too many connections
  '55': 'transient', // locked
  '57': 'transient', // shutting down, starting up, statement timeout
  '58': 'transient', // input/output error
  '0A': 'setup',
  '28': 'setup',
  '3D': 'setup',
  '3F': 'setup',
  '42': 'setup',
};

const fixes: Readonly<Record<string, string>> = {
  '28P01': 'check user and password in POSTGRESQL_URI',
  '28000': 'the server does not let this user in from here: check POSTGRESQL_URI, its sslmode, and pg_hba.conf',
  '3D000': 'create the database, or correct POSTGRESQL_URI',
  '3F000': 'create the schema, or correct POSTGRESQL_TABLE',
  '42501':
    'grant the user SELECT and INSERT on the table, to erase people also UPDATE and DELETE; to have it made, CREATE on its schema',
  '42703': 'the table has other columns: name another one in POSTGRESQL_TABLE',
  '42804': 'the table has columns of other types: name another one in POSTGRESQL_TABLE',
  '42P10': 'the table has no unique index on id: name another one in POSTGRESQL_TABLE, or add it',
};

const certificate = /^(?:DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|CERT_|ERR_TLS_)/;
/** What the driver says without a code. */
const lostConnection = /^(?:Connection terminated|timeout expired|Client has encountered a connection error)/;
/** What the driver says at the limit of a statement. */
const noAnswer = 'Query read timeout';
const setupWords = /^(?:The server does not support SSL|SASL: SCRAM|.*password must be a string)/;

/** Sorts what the driver throws. What is neither about the data nor transient nor setup stays a bug. */
export class Faults {
  readonly #secrets: readonly string[];

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets;
  }

  /** Why the server refuses what it was sent, where the error is about that. */
  refusal(error: unknown): string | undefined {
    if (meaningOf(error) !== 'data') return undefined;
    const { detail } = error as { detail?: string };
    return this.#words(`${(error as Error).message}${detail ? `: ${detail}` : ''} (${codeOf(error)})`);
  }

  /** The fault that the error stands for. */
  of(error: unknown): unknown {
    if (!(error instanceof Error) || error instanceof TransientError || error instanceof SetupError) return error;
    const code = codeOf(error);
    const meaning = meaningOf(error);
    const said = this.#words(error.message || (networkErrorWords[code] ?? error.name));
    if (meaning === 'setup') return new SetupError(`PostgreSQL: ${fixes[code] ?? 'it cannot be used so'}: ${said}`);
    if (meaning === 'transient') return new TransientError(`PostgreSQL cannot take it now: ${said}`);
    if (certificate.test(code)) {
      const advice = issuerAdvice(code);
      return new SetupError(
        `PostgreSQL: TLS certificate not accepted: ${said}${advice === undefined ? '' : `: ${advice}`}`,
      );
    }
    if (error.message === noAnswer) return new TransientError('PostgreSQL: a statement had no answer in time');
    if (setupWords.test(error.message)) return new SetupError(`PostgreSQL: check POSTGRESQL_URI: ${said}`);
    if (/^E[A-Z_]+$/.test(code) || lostConnection.test(error.message)) {
      return new TransientError(`PostgreSQL: no connection: ${networkErrorWords[code] ?? said}`);
    }
    // The driver's own error does not travel: it may carry whole events.
    return new Error(`PostgreSQL: ${said}${code === '' ? '' : ` (${code})`}`);
  }

  #words(text: string): string {
    return redact(text, this.#secrets).slice(0, 300);
  }
}

function meaningOf(error: unknown): 'data' | 'transient' | 'setup' | undefined {
  const code = codeOf(error);
  return code.length === 5 ? meanings[code.slice(0, 2)] : undefined;
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : '';
}
