import { CursorError, FullError, TransientError, UnroutableError, UnsupportedError } from '../errors.js';
import { retryAfterHeader } from '../retry-after.js';

/** Every kind of problem that the API answers with: its status, and the title that all of its cases share. */
export const problemKinds = {
  'invalid-request': [400, 'The request is not valid'],
  'invalid-event': [400, 'An event is not valid'],
  unauthenticated: [401, 'A valid API key is required'],
  forbidden: [403, 'This key may not do that'],
  'not-found': [404, 'Not found'],
  'method-not-allowed': [405, 'This path does not support that method'],
  'request-timeout': [408, 'The request took too long to arrive'],
  conflict: [409, 'The broker refused the message'],
  'key-conflict': [409, 'That key cannot be changed here'],
  'usage-conflict': [409, 'That month cannot be counted again'],
  'submission-conflict': [409, 'That month cannot be submitted'],
  'id-conflict': [422, 'An id belongs to another event'],
  'too-large': [413, 'The request is too large'],
  'unsupported-media-type': [415, 'This kind of body is not supported'],
  'expectation-failed': [417, 'What the request expects cannot be done'],
  'ahead-of-time': [422, 'Only maintenance can be reported ahead of time'],
  'not-declared': [422, 'No such maintenance is declared'],
  'invalid-settings': [422, 'The settings cannot be used'],
  unroutable: [422, 'The message cannot go where it is addressed'],
  'too-many-requests': [429, 'Too many requests'],
  'headers-too-large': [431, 'The headers are too large'],
  internal: [500, 'Something went wrong here'],
  unsupported: [501, 'This installation does not offer that'],
  unavailable: [503, 'Not possible right now'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemKind = keyof typeof problemKinds;

/** What is wrong with one part of a request: the event's position (when there are events), the field, the reason. */
export interface FieldError {
  readonly index?: number;
  readonly field: string;
  readonly message: string;
}

export interface HttpProblemOptions {
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
  /** The body of the answer, where a protocol has a form of its own for it. */
  readonly answer?: Readonly<Record<string, unknown>>;
}

/** An answer that is an error, as RFC 9457 defines it. Its text is for the person who sent the request. */
export class HttpProblem extends Error {
  override name = 'HttpProblem';
  readonly kind: ProblemKind;
  readonly errors: readonly FieldError[] | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly answer: Readonly<Record<string, unknown>> | undefined;

  constructor(kind: ProblemKind, detail: string, { errors, headers = {}, answer }: HttpProblemOptions = {}) {
    super(detail);
    this.kind = kind;
    this.errors = errors;
    this.headers = headers;
    this.answer = answer;
  }

  get status(): number {
    return problemKinds[this.kind][0];
  }
}

/** The client went away before its request was complete: there is nobody to answer. */
export class ClientGone extends Error {
  override name = 'ClientGone';
}

/** Asked of clients where what failed does not say how long it takes. */
const retryAfterMs = 5_000;

export function unavailable(detail: string, waitMs = retryAfterMs): HttpProblem {
  return new HttpProblem('unavailable', detail, { headers: retryAfterHeader(waitMs) });
}

/** The answer to whatever a route threw. A fault that is not the client's reveals nothing of the inside. */
export function toProblem(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof FullError) {
    return unavailable('Storage is full, so nothing was accepted. Try again later.', error.retryAfterMs);
  }
  if (error instanceof TransientError) {
    const detail = 'Something that the daemon needs for this is not answering. Nothing was accepted; try again later.';
    return unavailable(detail, error.retryAfterMs);
  }
  if (error instanceof UnsupportedError) return new HttpProblem('unsupported', error.message);
  if (error instanceof UnroutableError) return new HttpProblem('unroutable', error.message);
  if (error instanceof CursorError) return invalidParameters([{ field: 'cursor', message: error.message }]);
  if (isValidationError(error)) {
    return invalidParameters(error.issues.map(issue => ({ field: issue.path.join('.'), message: issue.message })));
  }
  return new HttpProblem('internal', 'The request failed. The daemon’s log gives the reason, under this request id.');
}

function invalidParameters(errors: readonly FieldError[]): HttpProblem {
  return new HttpProblem('invalid-request', 'A parameter is not valid; see errors.', { errors });
}

interface ValidationError {
  readonly issues: readonly { readonly path: readonly (string | number)[]; readonly message: string }[];
}

/** By name: the decorator library brings its own copy of zod, so instanceof does not hold. */
function isValidationError(error: unknown): error is ValidationError {
  return error instanceof Error && error.name === 'ZodError';
}
