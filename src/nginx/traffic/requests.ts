/** What a request was for. Every request is of exactly one kind. */
export type RequestKind = 'page view' | 'download' | 'API call' | 'asset' | 'other';

export type ResourceType = 'dataset' | 'file' | 'collection' | 'space';

export interface Resource {
  readonly type: ResourceType | undefined;
  readonly id: string | undefined;
}

export interface Request {
  readonly method: string;
  /** Without the query, and without the host that a proxy's client would put there. */
  readonly path: string;
  readonly query: string;
  /** NaN when the log does not say. */
  readonly status: number;
}

/** Clowder's pages of single resources: 24 hex digits and nothing after them. */
const page = /^\/(datasets|files|collections?|spaces)\/([0-9a-f]{24})$/i;
const fileDownload = /^\/(?:files\/([0-9a-f]{24})\/(?:blob|download\/[^/]+)|files\/links\/[^/]+)$/i;
const apiDownload =
  /^\/api\/(?:(files)\/([0-9a-f]{24})(?:\/blob)?|(datasets)\/([0-9a-f]{24})\/(?:download|downloadPartial|downloadFolder)|(collections)\/([0-9a-f]{24})\/download)$/i;
const anyId = /\/([0-9a-f]{24})(?=\/|$)/i;
const preview = /(?:^|&)tracking=false(?:&|$)/i;
const assets = /^\/(?:assets|javascripts|stylesheets|images)\/|^\/(?:healthz|favicon\.ico|robots\.txt)$|thumbnail/i;

const types: Readonly<Record<string, ResourceType>> = {
  datasets: 'dataset',
  files: 'file',
  collections: 'collection',
  collection: 'collection',
  spaces: 'space',
};

/**
 * What Clowder's URLs mean. Views and downloads are those that went well: a page that was sent or was still in the
 * browser's cache (304), a file that was sent, whole or in part. What failed is an API call, or other.
 */
export class RequestClassifier {
  readonly #prefix: string;

  /** `prefix` begins with a slash and ends without one, or is empty. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  kindOf({ method, path: whole, query, status }: Request): RequestKind {
    const path = this.#inside(whole);
    if (path === undefined) return 'other';
    const get = method === 'GET';
    if ((get || method === 'HEAD') && assets.test(path)) return 'asset';
    const failed = status < 200 || status > 299;
    // A log that does not say how a request ended shows pages, but no downloads.
    const sent = status >= 200 && status <= 299;
    if (path.startsWith('/api/')) {
      return get && sent && apiDownload.test(path) && !preview.test(query) ? 'download' : 'API call';
    }
    if (!get) return 'other';
    if ((!failed || status === 304) && page.test(path)) return 'page view';
    return sent && path.startsWith('/files/') && fileDownload.test(path) && !preview.test(query) ? 'download' : 'other';
  }

  resourceOf(kind: RequestKind, whole: string): Resource {
    const path = this.#inside(whole) ?? whole;
    const [, segment = '', id] = page.exec(path) ?? [];
    if (kind === 'page view') return { type: types[segment.toLowerCase()], id };
    if (kind === 'download') {
      const [, file] = fileDownload.exec(path) ?? [];
      const parts = (apiDownload.exec(path) ?? []).slice(1).filter(part => part !== undefined);
      return { type: types[parts[0]?.toLowerCase() ?? 'files'], id: file ?? parts[1] };
    }
    return { type: undefined, id: anyId.exec(path)?.[1] };
  }

  #inside(path: string): string | undefined {
    if (this.#prefix === '') return path;
    return path.startsWith(`${this.#prefix}/`) ? path.slice(this.#prefix.length) : undefined;
  }
}
