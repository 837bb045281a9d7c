import type { Facts, Outcome } from '../resource.js';
import { type Answer, NoClowderError } from './client.js';

/** Clowder 1 and Clowder 2 have different APIs. */
export type ApiVersion = 1 | 2;

/** What one question taught. */
export interface Learnt {
  /** About what was asked for. */
  readonly outcome: Outcome;
  /** About it, and about whatever else the answer spoke of. */
  readonly resources: readonly (readonly [id: string, facts: Facts])[];
  /** Whose answer this surely is. */
  readonly api?: ApiVersion | undefined;
}

export type Data = Readonly<Record<string, unknown>>;

/** What an answer is about a resource: its data, or why there are none. */
export type Reply = { readonly data: Data } | (Learnt & { readonly data?: undefined });

/**
 * Reads the answer to a question about one resource. Both Clowders answer with the resource as a JSON object that has
 * its id; 401 and 403 mean that it is private, 404 and 400 that it is not there.
 * @throws NoClowderError for what no Clowder answers
 */
export function replyOf({ status, json, text }: Answer, id: string): Reply {
  // FastAPI says why in `detail`, Play in plain text.
  const detail = isData(json) && 'detail' in json ? 2 : undefined;
  const api = detail ?? (/^not authorized/i.test(text.trimStart().slice(0, 20)) ? 1 : undefined);
  switch (status) {
    case 200:
      break;
    case 401:
    case 403:
      return { outcome: 'private', resources: [], api };
    case 400:
    case 404:
    case 422:
      return { outcome: 'missing', resources: [], api };
    default:
      throw new NoClowderError(`Clowder answered ${status}, which is not an answer of Clowder`, { failed: true });
  }
  if (json === undefined) {
    const what = text.trimStart().startsWith('<') ? 'with a page' : 'with something else';
    throw new NoClowderError(`what CLOWDER_URL leads to answers ${what} where data were asked for`);
  }
  if (!isData(json) || typeof json.id !== 'string' || json.id.toLowerCase() !== id) {
    throw new NoClowderError('Clowder answered with something else than what was asked for', { failed: true });
  }
  return { data: json };
}

export function isData(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
