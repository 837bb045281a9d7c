import type { Request } from './requests.js';
import type { ResourceType } from './routes.js';

/** Ids of what a request was about, in small letters: Clowder takes them in either. */
export interface Resource {
  readonly type: ResourceType | undefined;
  readonly id: string | undefined;
  readonly dataset: string | undefined;
  readonly space: string | undefined;
}

interface Parents {
  dataset: string | undefined;
  space: string | undefined;
}

const anyId = /\/([0-9a-f]{24})(?=\/|$)/i;
const parents = /(?:^|[?&])(dataset|space)=([0-9a-fA-F]{24})(?=[&#]|$)/g;

/**
 * Which ids a request names: in its path, in its query, and in that of the page that led there, where that is the page
 * of the same resource (`/files/…?dataset=…`).
 * @param prefix where Clowder is: begins with a slash and ends without one, or is empty
 */
export function resourceOf({ route, path, query }: Request, prefix: string, referrer = ''): Resource {
  const { places } = route;
  const id = segmentOf(path, prefix.length, places.id);
  const found: Parents = {
    dataset: segmentOf(path, prefix.length, places.dataset),
    space: segmentOf(path, prefix.length, places.space),
  };
  addParents(found, query);
  if (id !== undefined && referrer.includes(`/${id}?`)) addParents(found, referrer);
  return {
    type: route.type,
    id: (id ?? (route.type === undefined ? anyId.exec(path)?.[1] : undefined))?.toLowerCase(),
    dataset: found.dataset?.toLowerCase(),
    space: found.space?.toLowerCase(),
  };
}

/** The segment behind the slash of that number. */
function segmentOf(path: string, from: number, place: number | undefined): string | undefined {
  if (place === undefined) return undefined;
  let start = from;
  for (let passed = 0; passed < place; passed += 1) {
    start = path.indexOf('/', start) + 1;
    if (start === 0) return undefined;
  }
  const end = path.indexOf('/', start);
  return end < 0 ? path.slice(start) : path.slice(start, end);
}

function addParents(found: Parents, text: string): void {
  if (!text.includes('dataset=') && !text.includes('space=')) return;
  for (const [, name, value] of text.matchAll(parents)) found[name as 'dataset' | 'space'] ??= value;
}
