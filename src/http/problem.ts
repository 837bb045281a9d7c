import { CursorError, FullError, TransientError, UnsupportedError } from '../errors.js';

/** Every kind of problem that the API answers with: its status and the title that stays the same for all of its cases. */
const kinds = {
  'invalid-request': [400, 'The request is not valid'],
  'invalid-event': [400, 'An event is not valid'],
  unauthenticated: [401, 'A valid API key is needed'],
  forbidden: [403, 'This key may not do that'],
  'not-found': [404, 'There is no such thing here'],
  'method-not-allowed': [405, 'This path does not take that method'],
  'request-timeout': [408, 'The request took too long to arrive'],
  conflict: [409, 'The broker refused the message'],
  'too-large': [413, 'The request is too large'],
  'unsupported-media-type': [415, 'This form of body is not understood'],
  'too-many-requests': [429, 'Too many requests'],
  'headers-too-large': [431, 'The headers are too large'],
  internal: [500, 'Something went wrong here'],
  unsupported: [501, 'This installation does not have that'],
  unavailable: [503, 'Not possible right now'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemKind = keyof typeof kinds;

/** What is wrong with one part of a request: the event's position (when there are events), the field, the reason. */
export interface FieldProblem {
  readonly index?: number;
  readonly field: string;
  readonly message: string;
}

export interface ProblemOptions {
  readonly errors?: readonly FieldProblem[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that is an error, as RFC 9457 has it. Its text is for the person who sent the request. */
export class Problem extends Error {
  override name = 'Problem';
  readonly kind: ProblemKind;
  readonly errors: readonly FieldProblem[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(kind: ProblemKind, detail: string, { errors, headers = {} }: ProblemOptions = {}) {
    super(detail);
    this.kind = kind;
    this.errors = errors;
    this.headers = headers;
  }

  get status(): number {
    return kinds[this.kind][0];
  }
}

/** The client went away before its request was complete: there is nobody to answer. */
export class ClientGone extends Error {
  override name = 'ClientGone';
}

export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The request id. */
  readonly instance: string;
  /** At most `listedErrors` of them. */
  readonly errors?: readonly FieldProblem[];
  /** Set when there are more than the list shows. */
  readonly errors_total?: number;
}

/** A request of a thousand bad events is answered with so many reasons and the count of all. */
export const listedErrors = 100;

export const problemType = 'application/problem+json';

export function problemDocument(problem: Problem, requestId: string): ProblemDocument {
  const { errors } = problem;
  return {
    type: `urn:event-sink:problem:${problem.kind}`,
    title: kinds[problem.kind][1],
    status: problem.status,
    detail: problem.message,
    instance: requestId,
    ...(errors === undefined ? {} : { errors: errors.slice(0, listedErrors) }),
    ...(errors === undefined || errors.length <= listedErrors ? {} : { errors_total: errors.length }),
  };
}

const retryAfterSeconds = 5;

/** Whole seconds, at least 1: what the header takes. */
export function unavailable(detail: string, retryAfterMs = retryAfterSeconds * 1000): Problem {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return new Problem('unavailable', detail, { headers: { 'Retry-After': String(seconds) } });
}

/** The answer to whatever a route threw. What is no fault of the request tells nothing of the inside. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof FullError) {
    return unavailable('Storage is full, so nothing was accepted. Try again later.', error.retryAfterMs);
  }
  if (error instanceof TransientError) {
    const detail = 'What the daemon needs for this does not answer right now. Nothing was accepted; try again later.';
    return unavailable(detail, error.retryAfterMs);
  }
  if (error instanceof UnsupportedError) return new Problem('unsupported', error.message);
  if (error instanceof CursorError) {
    const errors = [{ field: 'cursor', message: error.message }];
    return new Problem('invalid-request', 'A parameter is not valid; see errors.', { errors });
  }
  if (isValidationError(error)) {
    const errors = error.issues.map(issue => ({ field: issue.path.join('.'), message: issue.message }));
    return new Problem('invalid-request', 'A parameter is not valid; see errors.', { errors });
  }
  return new Problem(
    'internal',
    'The request failed for a reason that the log of the daemon tells, under this request id.',
  );
}

interface ValidationError {
  readonly issues: readonly { readonly path: readonly (string | number)[]; readonly message: string }[];
}

/** By name: the decorator library brings its own copy of zod, so instanceof does not hold. */
function isValidationError(error: unknown): error is ValidationError {
  return error instanceof Error && error.name === 'ZodError';
}
