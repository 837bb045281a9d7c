import type { IncomingMessage } from 'node:http';
import type { ParameterizedContext } from 'koa';
import type { Audit } from '../audit/act.js';
import type { Clients } from '../browser/client.js';
import type { Clock } from '../clock.js';
import type { Key } from '../keys/keys.js';
import type { KeyRing } from '../keys/ring.js';
import type { Log } from '../log.js';
import type { RepeatedWarning } from '../repeated-warning.js';
import type { Metrics } from '../status/metrics.js';
import type { AnswerPool } from './answer-pool.js';
import type { Backend } from './backend.js';
import type { InFlight } from './body.js';
import type { Connections } from './connections.js';
import type { FailedAttempts, KeyLimits, PageLimits } from './limits.js';
import type { ReadTurns } from './read-turns.js';
import type { Refusals } from './refusals.js';
import type { Sessions } from './sessions.js';
import type { HttpSettings } from './settings.js';
import type { Feed } from './stream.js';

/**
 * What a route works with. The decorator library makes a controller for each request and injects nothing, so routes
 * find it on their context, where Koa shares it between requests.
 */
export interface Services {
  readonly backend: Backend;
  readonly keys: KeyRing;
  readonly log: Log;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly settings: HttpSettings;
  readonly metrics: Metrics;
  readonly sessions: Sessions;
  readonly failedAttempts: FailedAttempts;
  readonly refusals: Refusals;
  readonly keyLimits: KeyLimits;
  readonly pageLimits: PageLimits;
  readonly clients: Clients;
  /** Events that were refused where nobody reads the answer. */
  readonly refusedEvents: RepeatedWarning;
  readonly inFlight: InFlight;
  /** The same for bodies that are read before anybody knows whose they are: strangers use up no more than this. */
  readonly inFlightOfStrangers: InFlight;
  readonly feed: Feed;
  readonly connections: Connections;
  readonly answers: AnswerPool;
  /** At the storage, for what may take a while: pages of lists, and charts, which have a thread of their own. */
  readonly turns: { readonly lists: ReadTurns; readonly charts: ReadTurns };
  /** True once the server has begun to close. */
  closing(): boolean;
}

export interface RequestState {
  requestId: string;
  /** Set on every route that needs a key. */
  key?: Key;
  /** The answer's bytes are kept in any case, for all who ask: they cost one reader next to nothing. */
  shared?: boolean;
}

interface ContextAdditions {
  readonly services: Services;
  /** The client's address, or its network where one client has many. */
  readonly network: string;
  /** The pattern of the route, set by the router. */
  readonly _matchedRoute?: string;
  /** What the decorator library validated. */
  readonly parsed?: { readonly query: unknown };
}

export type ApiContext = ParameterizedContext<RequestState, ContextAdditions>;

/** As `ctx.path`; where the address is nothing but a path, it need not be taken apart. */
export function pathOf(ctx: Pick<ApiContext, 'req' | 'path'>): string {
  const { url = '' } = ctx.req;
  return /[?#]/.test(url) ? ctx.path : url;
}

/** True when the request carries a body, of whatever length. */
export function hasBody(request: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': chunked } = request.headers;
  return chunked !== undefined || (length !== undefined && length !== '0');
}
