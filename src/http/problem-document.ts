import { type routeConfig, z } from 'koa-swagger-decorator';
import { type FieldError, type HttpProblem, type ProblemKind, problemKinds } from './problem.js';

type ResponseConfig = NonNullable<Parameters<typeof routeConfig>[0]['responses']>[string];
type Headers = NonNullable<ResponseConfig['headers']>;

export const problemType = 'application/problem+json';

/** A request of a thousand bad events is answered with at most this many reasons, and the count of all. */
export const listedErrors = 100;

const typeOf = (kind: ProblemKind): string => `urn:event-sink:problem:${kind}`;
const types = Object.keys(problemKinds).map(kind => typeOf(kind as ProblemKind)) as [string, ...string[]];

const ProblemDocument = z
  .object({
    type: z.enum(types).openapi({ description: 'The kind of problem, for programs.' }),
    title: z.string().openapi({ description: 'The kind of problem, in words.' }),
    status: z.number().int(),
    detail: z.string().openapi({ description: 'What is wrong with this request.' }),
    instance: z.string().openapi({ description: 'The id of the request; the log has it too.' }),
    errors: z
      .array(
        z
          .object({
            index: z
              .number()
              .int()
              .optional()
              .openapi({ description: 'Position of the event in the request, from 0.' }),
            field: z.string().openapi({ description: 'Empty when it concerns the whole event.' }),
            message: z.string(),
          })
          .openapi('FieldError'),
      )
      .optional()
      .openapi({ description: `What is wrong, one by one; the first ${listedErrors}.` }),
    errors_total: z.number().int().optional().openapi({ description: 'How many there are, when the list is cut.' }),
  })
  .openapi('ProblemDocument', { description: 'A problem document (RFC 9457).' });

export type ProblemDocument = z.output<typeof ProblemDocument>;

/** Characters of one text: what a client sent may be quoted in it. */
const maxText = 2_000;

/** A short one leaves the list of errors out. */
export function problemDocument(
  problem: HttpProblem,
  requestId: string,
  length: 'whole' | 'short' = 'whole',
): ProblemDocument {
  const errors = length === 'whole' ? problem.errors : undefined;
  return {
    type: typeOf(problem.kind),
    title: problemKinds[problem.kind][1],
    status: problem.status,
    detail: problem.message.slice(0, maxText),
    instance: requestId,
    ...(errors === undefined ? {} : { errors: errors.slice(0, listedErrors).map(shortened) }),
    ...(errors === undefined || errors.length <= listedErrors ? {} : { errors_total: errors.length }),
  };
}

function shortened(error: FieldError): FieldError {
  return { ...error, field: error.field.slice(0, maxText), message: error.message.slice(0, maxText) };
}

export const requestIdHeader: Headers = {
  'X-Request-Id': {
    description: 'The id of this request: the one you sent, or one made here.',
    required: true,
    schema: { type: 'string' },
  },
};
export const retryAfter: Headers = {
  'Retry-After': {
    description: 'Seconds to wait before the next attempt.',
    required: true,
    schema: { type: 'integer', minimum: 1 },
  },
};
const authenticateHeader: Headers = {
  'WWW-Authenticate': { description: 'How to authenticate.', required: true, schema: { type: 'string' } },
};

/** How each status that means a problem is described in the OpenAPI document. */
export const problemAnswers: Readonly<Record<number, ResponseConfig>> = {
  400: documented('invalid-request', 'The request is not valid; nothing was done.'),
  401: documented('unauthenticated', 'There is no key, or it is not known.', authenticateHeader),
  403: documented('forbidden', 'The key lacks the scope that this needs.'),
  404: documented('not-found', 'It does not exist.'),
  408: documented('request-timeout', 'The body did not arrive in time.'),
  409: documented('conflict', 'The broker refused the message; the detail says why.'),
  413: documented('too-large', 'The body is too large, or contains too many events.'),
  415: documented('unsupported-media-type', 'The content type, charset or content encoding is not supported.'),
  422: documented(
    'id-conflict',
    'An id was sent before with another content (`errors` says for which items), or a message is addressed to a queue or exchange that is not there, or a status other than maintenance is said to begin later than now, or what is to be called off was not declared. Nothing was accepted.',
  ),
  429: documented(
    'too-many-requests',
    'Too many failed attempts from this address, or too many requests with this key.',
    retryAfter,
  ),
  431: documented('headers-too-large', 'The address and the headers have more than 16 KiB.'),
  500: documented('internal', 'A fault of the daemon; its log says more under the request id.'),
  501: documented('unsupported', 'This installation does not offer that.'),
  503: documented('unavailable', 'Not possible right now; nothing was accepted.', retryAfter),
};

function documented(kind: ProblemKind, description: string, headers: Headers = {}): ResponseConfig {
  const [status, title] = problemKinds[kind];
  const example = { type: typeOf(kind), title, status, detail: description, instance: '5f0c2b9e-1a' };
  return {
    description,
    headers: { ...requestIdHeader, ...headers } as Headers,
    content: { 'application/problem+json': { schema: ProblemDocument, example } },
  };
}
