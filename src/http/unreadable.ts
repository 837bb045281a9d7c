import { HttpProblem, type ProblemKind } from './problem.js';
import { problemDocument, problemType } from './problem-document.js';

const answers: Readonly<Record<string, readonly [ProblemKind, phrase: string, detail: string]>> = {
  HPE_HEADER_OVERFLOW: ['headers-too-large', 'Request Header Fields Too Large', 'The headers may take at most 16 KiB.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['too-large', 'Payload Too Large', 'The chunk extensions are too large.'],
  HPE_INVALID_METHOD: ['invalid-request', 'Bad Request', 'This is not a method of HTTP.'],
  CONNECT: ['method-not-allowed', 'Method Not Allowed', 'This is not a proxy: CONNECT is not supported.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request-timeout', 'Request Timeout', 'The request did not arrive in time.'],
};

/**
 * The answer, as bytes for the socket, to what is not HTTP or not complete: there is no response object to answer with.
 */
export function unreadableAnswer(code: string | undefined, requestId: string): string {
  const [kind, phrase, detail] =
    answers[code ?? ''] ?? (['invalid-request', 'Bad Request', 'This is not valid HTTP.'] as const);
  const problem = new HttpProblem(kind, detail);
  const body = JSON.stringify(problemDocument(problem, requestId));
  const head = [
    `HTTP/1.1 ${problem.status} ${phrase}`,
    `Content-Type: ${problemType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}
