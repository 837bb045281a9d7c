import type { Request } from './requests.js';
import type { ResourceType } from './routes.js';

/** Ids of what a request was about. */
export interface Resource {
  readonly type: ResourceType | undefined;
  readonly id: string | undefined;
  readonly dataset: string | undefined;
  readonly space: string | undefined;
}

const anyId = /\/([0-9a-f]{24})(?=\/|$)/i;
const parents = /(?:^|[?&])(dataset|space)=([0-9a-fA-F]{24})(?=[&#]|$)/g;

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
