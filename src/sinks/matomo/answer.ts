import { SetupError, TransientError } from '../../errors.js';
import { type FaultContext, type HttpResponse, httpFault, summary } from '../http/faults.js';

/** What an answer says of the requests of one batch. Positions count within the batch. */
export type Answer =
  | { readonly kind: 'tracked' }
  /** These were left out, the others were tracked. */
  | { readonly kind: 'named'; readonly positions: readonly number[]; readonly reason: string }
  /** None was tracked. `each`: by itself; otherwise one of them may be to blame. */
  | { readonly kind: 'refused'; readonly each: boolean; readonly reason: string }
  /** Some were tracked, and Matomo says of none whether it was. */
  | { readonly kind: 'unclear'; readonly reason: string };

/** @throws TransientError, SetupError */
export function interpret(response: HttpResponse, count: number, context: FaultContext): Answer {
  const said = summary(response, context);
  const body = parse(response.text);
  // A batch that fails as a whole was rolled back.
  if (response.status === 400 || response.status === 413) return { kind: 'refused', each: false, reason: said };
  if (response.status >= 300) {
    throw httpFault(response, context) ?? new SetupError(`${said}: check that MATOMO_URL leads to Matomo`);
  }
  if (body === undefined || typeof body.tracked !== 'number') {
    throw new TransientError(`${said}, which is not an answer of Matomo`);
  }
  if (body.status !== 'success') throw new TransientError(said);
  const { tracked, invalid_indices: named } = body;
  if (tracked === 0) return { kind: 'refused', each: body.invalid === count, reason: said };
  if (tracked >= count) return { kind: 'tracked' };
  const positions = Array.isArray(named)
    ? named.filter(one => Number.isSafeInteger(one) && one >= 0 && one < count)
    : [];
  if (positions.length === count - tracked) return { kind: 'named', positions, reason: said };
  return {
    kind: 'unclear',
    reason: `${said}: it tracked ${tracked} of ${count} and says to the token of a super user alone which; sent again, those count twice`,
  };
}

/** What an answer of Matomo's API says against the token or the site. @throws TransientError, SetupError */
export function interpretCheck(response: HttpResponse, context: FaultContext): void {
  if (response.status < 500 && response.status !== 429 && parse(response.text)?.result === 'error') {
    throw new SetupError(`${summary(response, context)}: check MATOMO_TOKEN and MATOMO_SITE_ID`);
  }
  // Some hosts let the tracker through and nothing else: then only the tracker's own answers can tell.
  if (response.status === 403 || response.status === 404 || response.status === 405) return;
  const fault = httpFault(response, context);
  if (fault !== undefined) throw fault;
}

interface Body {
  readonly result?: unknown;
  readonly status?: unknown;
  readonly tracked?: unknown;
  readonly invalid?: unknown;
  readonly invalid_indices?: unknown;
}

function parse(text: string): Body | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
