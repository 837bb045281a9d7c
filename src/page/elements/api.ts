/** The daemon's API as the page sees it: the shapes of openapi.json, and one way to ask. */

export type Scope = 'publish' | 'read' | 'admin';

export interface Session {
  readonly name: string;
  readonly scopes: readonly Scope[];
}

export interface Problem {
  readonly what: string;
  readonly since: number;
  readonly fix: string;
}

export interface SinkStatus {
  readonly sink: string;
  readonly title: string;
  readonly state: string;
  readonly queue: string;
  readonly pending: number;
  readonly oldest: number | null;
  readonly delivered: number;
  readonly duplicates: number;
  readonly filtered: number;
  readonly dead: number;
}

export interface ActorStatus {
  readonly path: string;
  readonly state: string;
  readonly since: number;
  readonly restarts: number;
  readonly last_error: { readonly fault: string; readonly message: string; readonly at: number } | null;
  readonly next_try: number | null;
  readonly detail: Readonly<Record<string, string | number | boolean | null>>;
}

export interface Status {
  readonly version: string;
  readonly started: number;
  readonly now: number;
  readonly ready: boolean;
  readonly problems: readonly Problem[];
  readonly broker: {
    readonly kind: 'embedded' | 'rabbitmq';
    readonly state: 'ready' | 'outbox' | 'down';
    readonly detail: string;
    readonly outbox: number;
  };
  readonly sinks: readonly SinkStatus[];
  readonly actors: readonly ActorStatus[];
}

/** Events are kept here too, so that they can be asked for. */
export const hasStore = ({ sinks }: Status): boolean => sinks.some(({ sink }) => sink === 'local');

export interface LedgerRow {
  readonly sink: string;
  readonly hour: number | null;
  readonly accepted: number;
  readonly delivered: number;
  readonly duplicates: number;
  readonly filtered: number;
  readonly dead: number;
}

export interface Ledger {
  readonly exact: boolean;
  readonly balanced: boolean;
  readonly sinks: readonly (LedgerRow & { readonly pending: number; readonly difference: number })[];
  readonly hours: readonly LedgerRow[];
}

export interface Line {
  readonly name: string;
  readonly values: readonly (number | null)[];
}

export interface Series {
  readonly times: readonly number[];
  readonly lines: readonly Line[];
}

export interface StoredEvent {
  readonly id: string;
  readonly created: number;
  readonly category: string;
  readonly type?: string;
  readonly _source: string;
  readonly _received: number;
  readonly [field: string]: unknown;
}

export interface EventPage {
  readonly events: readonly StoredEvent[];
  readonly next_cursor: string | null;
}

export interface DeadLetter {
  readonly key: string;
  readonly sink: string;
  readonly id: string;
  readonly reason: string;
  readonly fault: string;
  readonly attempts: number;
  readonly first_seen: number;
  readonly dead_at: number;
  readonly body: string;
}

export interface DeadLetterPage {
  readonly dead_letters: readonly DeadLetter[];
  readonly next_cursor: string | null;
}

/** The daemon answered, and its answer was no. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

/** The daemon did not answer. */
export class Unreachable extends Error {}

/** Said to the window when the session has ended: the page asks for a key again. */
export const signedOut = 'event-sink-signed-out';

const patienceMs = 10_000;

export interface Request {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** @throws Refused, Unreachable */
export async function ask<T>(
  path: string,
  { method = 'GET', query = {}, body, headers = {} }: Request = {},
): Promise<T> {
  const given = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  const search = given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${path}${search}`, {
      method,
      // The header proves that the request is this page's own: another site's form cannot set one.
      headers: {
        ...(method === 'GET' ? {} : { 'X-Requested-With': 'event-sink' }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(patienceMs),
    });
    text = await response.text();
  } catch {
    throw new Unreachable('The daemon does not answer.');
  }
  if (response.ok) return (text === '' ? undefined : JSON.parse(text)) as T;
  if (response.status === 401 && headers['X-API-Key'] === undefined) window.dispatchEvent(new Event(signedOut));
  throw new Refused(response.status, detailOf(text) ?? `The daemon answered ${response.status}.`);
}

function detailOf(text: string): string | undefined {
  try {
    const { detail } = JSON.parse(text) as { detail?: unknown };
    return typeof detail === 'string' ? detail : undefined;
  } catch {
    return undefined;
  }
}
