import { SetupError, TransientError } from '../../errors.js';
import { issuerAdvice, networkErrorWords } from '../../network-errors.js';
import { hideSecrets, redact } from '../../redact.js';
import { retryAfterMs } from '../../retry-after.js';

export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /**
   * In words, the proxy that may have answered in the server's place: one for `http://` addresses. Undefined = none.
   */
  readonly proxy?: string | undefined;
}

/** No answer came. */
export class NoAnswerError extends TransientError {
  override name = 'NoAnswerError';
  /** The server may have received, and acted on, the request. False: it surely has not. */
  readonly ambiguous: boolean;

  constructor(message: string, ambiguous: boolean) {
    super(message);
    this.ambiguous = ambiguous;
  }
}

export interface FaultContext {
  /** Who answered, for the message: `InfluxDB`. */
  readonly name: string;
  readonly secrets?: readonly string[];
  /** The settings that a refusal is about, by name. */
  readonly settings?: { readonly credentials: string; readonly address: string };
  /** Wall clock, epoch ms: needed where Retry-After is a date. */
  readonly now: number;
}

/**
 * The one table from an HTTP status to a fault. Undefined: 2xx, or an answer that only the sink can interpret (400,
 * 413, 422 …). What differs at one server (an Amplitude 429 that names users, say) is looked at by its sink before it
 * asks here.
 */
export function httpFault(response: HttpResponse, context: FaultContext): TransientError | SetupError | undefined {
  const { status, headers } = response;
  const { credentials = 'the credentials', address = 'the address and the names in it' } = context.settings ?? {};
  if (status === 408 || status === 423 || status === 425 || status === 429 || status >= 500) {
    return new TransientError(summary(response, context), {
      retryAfterMs: retryAfterMs(headers.get('retry-after'), context.now),
    });
  }
  if (status === 407) {
    return new SetupError(`${summary(response, context)}: the proxy wants a user and a password: check HTTP_PROXY`);
  }
  const orProxy = response.proxy === undefined ? '' : `, and that ${response.proxy} lets it through`;
  if (status === 401 || status === 403) {
    return new SetupError(`${summary(response, context)}: check ${credentials}${orProxy}`);
  }
  if (status === 404) return new SetupError(`${summary(response, context)}: check ${address}${orProxy}`);
  if (status >= 300 && status < 400) {
    return new SetupError(`${context.name} answered ${status}, a redirect: configure the address that it leads to`);
  }
  return undefined;
}

/** Characters of an answer: enough for 300 that are shown, whatever is taken out of them. */
const maxLookedAt = 4_096;

/** `InfluxDB answered 503 (timeout)`: the status and the beginning of the text, on one line and without secrets. */
export function summary(response: HttpResponse, context: Pick<FaultContext, 'name' | 'secrets'>): string {
  const text = redact(hideSecrets(response.text, context.secrets ?? []).slice(0, maxLookedAt))
    .replace(/\s+/g, ' ')
    .trim();
  const shown = text.length > 300 ? `${text.slice(0, 300)}…` : text;
  return `${context.name} answered ${response.status}${shown === '' ? '' : ` (${shown})`}`;
}

/**
 * What each error code means to a person, and whether the request can have arrived.
 * @param proxy the one between, in words: what cannot be connected to is then it
 */
export function noAnswer(error: unknown, host: string, proxy?: string): NoAnswerError {
  const code = codeOf(error);
  const because = (sentence: string, ambiguous: boolean): NoAnswerError =>
    new NoAnswerError(`${sentence}${code === '' ? '' : ` (${code})`}`, ambiguous);
  const refusal = proxy === undefined ? undefined : refusalOf(error);
  if (refusal !== undefined) {
    const advice = refusal === '407' ? ': it wants a user and a password that it knows' : '';
    return new NoAnswerError(`${proxy} refused the connection to ${host} with ${refusal}${advice}`, false);
  }
  /** Who is connected to. */
  const peer = proxy ?? host;
  switch (code) {
    case 'ECONNREFUSED':
      return because(`${peer} refused the connection: nothing listens there`, false);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
      return because(`the name of ${peer} cannot be resolved`, false);
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return because(`there is no route to ${peer}`, false);
    case 'ETIMEDOUT':
      return because(`the connection to ${peer} timed out`, true);
    case 'UND_ERR_CONNECT_TIMEOUT':
      return because(`${peer} did not take the connection in time`, false);
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
    case 'UND_ERR_ABORTED':
      return because(
        `${proxy === undefined ? host : `${host}, or ${proxy} on the way to it,`} cut the connection`,
        true,
      );
  }
  if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO_(VERIFY|GET)|EPROTO/.test(code)) {
    const words = networkErrorWords[code];
    const advice = issuerAdvice(code);
    const sentence = because(`no secure connection to ${host}${words === undefined ? '' : `: ${words}`}`, false);
    return advice === undefined ? sentence : new NoAnswerError(`${sentence.message}: ${advice}`, false);
  }
  if (code.startsWith('HPE_')) return because(`${peer} does not answer in HTTP`, true);
  return because(`the request to ${host}${proxy === undefined ? '' : ` through ${proxy}`} failed`, true);
}

/** fetch wraps the reason: TypeError('fetch failed') → cause, and one more for a body that ends too soon. */
function codeOf(error: unknown): string {
  for (const { code, name } of chainOf(error)) {
    if (typeof code === 'string') return code;
    if (name === 'HTTPParserError') return 'HPE_INVALID'; // Node 24 gives it no code
  }
  return '';
}

/** The status with which a proxy refused: undici keeps it in words alone. */
function refusalOf(error: unknown): string | undefined {
  for (const { message } of chainOf(error)) {
    const [, status] = /^Proxy (?:response|Authentication Required) \((\d{3})\)/.exec(message) ?? [];
    if (status !== undefined) return status;
  }
  return undefined;
}

function chainOf(error: unknown): NodeJS.ErrnoException[] {
  const chain: NodeJS.ErrnoException[] = [];
  for (let at: unknown = error; at instanceof Error && chain.length < 4; at = at.cause) chain.push(at);
  return chain;
}
