import type { AgentKind } from '../../agents.js';
import type { Route } from './route-table.js';

/** What a request was for. Every request is of exactly one kind. */
export type RequestKind = 'page view' | 'download' | 'API call' | 'asset' | 'other';

export interface Request {
  readonly method: string;
  /** Without the query, and without the host that a proxy's client would put there. */
  readonly path: string;
  readonly query: string;
  /** NaN when the log does not say. */
  readonly status: number;
  readonly route: Route;
}

/** Clowder 1's and Clowder 2's own previews; its scripts spell `False`. */
const preview = /(?:^|&)(?:tracking|increment)=(?:false|f|no?|off|0)(?:&|$)/i;

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
      if (sent && agent !== 'extractor' && agent !== 'own') return 'page view';
    } else if (sent && isDownload(request, agent)) return 'download';
    return route.api === undefined ? 'other' : 'API call';
  }

  /** A file that the browser still had, and showed once more: to usage a download, to nobody else. */
  isUnchangedDownload(request: Request, agent: AgentKind): boolean {
    return request.status === 304 && isDownload(request, agent);
  }
}

/** What would have been an upload and was refused or failed, or was given up by the client (nginx says 499). */
export function isFailedUpload({ route, status }: Pick<Request, 'route' | 'status'>): boolean {
  return status >= 400 && status <= 599 && route.means === 'upload';
}

/** Extractors, too, say that they are not to be counted: who asks comes first. */
function isDownload(request: Request, agent: AgentKind): boolean {
  return request.route.means === 'download' && (agent === 'extractor' || !preview.test(request.query));
}
