import type { AgentKind } from './agents.js';
import type { Route } from './route-table.js';
import type { ResourceType } from './routes.js';

/** What a request was for. Every request is of exactly one kind. */
export type RequestKind = 'page view' | 'download' | 'API call' | 'asset' | 'other';

/** Ids of what a request was about. */
export interface Resource {
  readonly type: ResourceType | undefined;
  readonly id: string | undefined;
  readonly dataset: string | undefined;
  readonly space: string | undefined;
}

export interface Request {
  readonly method: string;
  /** Without the query, and without the host that a proxy's client would put there. */
  readonly path: string;
  readonly query: string;
  /** NaN when the log does not say. */
  readonly status: number;
  readonly route: Route;
}

const anyId = /\/([0-9a-f]{24})(?=\/|$)/i;
/** Clowder 1's and Clowder 2's own previews; its scripts spell `False`. */
const preview = /(?:^|&)(?:tracking|increment)=(?:false|f|no?|off|0)(?:&|$)/i;
const parents = /(?:^|[?&])(dataset|space)=([0-9a-fA-F]{24})(?=[&#]|$)/g;

/**
 * What requests mean, by their routes. Views and downloads are those that went well: a page that was sent or was still
 * in the browser's cache (304), a file that was sent, whole or in part. What failed is an API call, or other.
 */
export class RequestClassifier {
  readonly #allPages: boolean;

  /** @param allPages NGINX_PAGE_VIEWS=all */
  constructor(allPages: boolean) {
    this.#allPages = allPages;
  }

  kindOf(request: Request, agent: AgentKind): RequestKind {
    const { route, status } = request;
    const sent = status >= 200 && status <= 299;
    const { means } = route;
    if (means === 'asset') return 'asset';
    if (means === 'view' || (means === 'page' && this.#allPages)) {
      // A log that does not say how a request ended shows pages, but no downloads.
      if (sent || status === 304 || Number.isNaN(status)) return 'page view';
    } else if (means === 'view by API') {
      if (sent && agent !== 'extractor') return 'page view';
    } else if (means === 'download' && sent) {
      // Extractors, too, say that they are not to be counted: who asks comes first.
      if (agent === 'extractor' || !preview.test(request.query)) return 'download';
    }
    return route.api === undefined ? 'other' : 'API call';
  }
}

/**
 * Which ids a request names: in its path, in its query, and in that of the page that led there, where that is the page
 * of the same resource (`/files/…?dataset=…`).
 * @param prefix where Clowder is: begins with a slash and ends without one, or is empty
 */
export function resourceOf({ route, path, query }: Request, prefix: string, referrer = ''): Resource {
  const segments = path.slice(prefix.length).split('/');
  const at = (name: string): string | undefined => segments[route.places[name] ?? -1];
  const id = at('id');
  const found = { dataset: at('dataset'), space: at('space') };
  const page = id !== undefined && referrer.includes(`/${id}?`) ? referrer : '';
  for (const text of [query, page])
    for (const [, name, value] of text.matchAll(parents)) found[name as 'dataset' | 'space'] ??= value;
  return { type: route.type, id: id ?? (route.type === undefined ? anyId.exec(path)?.[1] : undefined), ...found };
}
