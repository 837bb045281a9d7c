import { type Meaning, type ResourceType, type RouteGroup, routeGroups } from './routes.js';

export interface Route extends Omit<RouteGroup, 'routes'> {
  /** `GET /api/files/:id/blob`; empty for what is none of Clowder's. */
  readonly name: string;
  readonly means: Meaning;
  readonly type?: ResourceType;
  /** The version of Clowder whose API it belongs to; undefined: not an API. */
  readonly api: 1 | 2 | undefined;
  /** Where the ids of its names stand among the segments of a path: the first, behind the slash, is 1. */
  readonly places: Readonly<Record<string, number>>;
}

interface Node {
  /** By segment, or `anyId`, or `anyWord`. */
  readonly next: Map<string, Node>;
  /** By method, what ends here; and what has more segments, whatever they are. */
  readonly ends: Map<string, number>;
  readonly rests: Map<string, number>;
}

/** Stands for none: outside of Clowder's path, or unknown. */
export const noRoute = 0;
/** Paths with more segments are of no route of Clowder's own. */
const maxSegments = 16;
/** A segment has no slash in it. */
const anyId = '/id';
const anyWord = '/word';
const id = /^[0-9a-f]{24}$/i;

/** All routes by their number; the first is that of requests without one. */
export const routes: readonly Route[] = [
  { name: '', means: 'nothing', api: undefined, places: {} },
  ...routeGroups.flatMap(({ routes: names, ...group }) => names.map(name => routeOf(name, group))),
];

function routeOf(name: string, group: Omit<RouteGroup, 'routes'>): Route {
  const [, path = ''] = name.split(' ');
  const places = path
    .split('/')
    .flatMap((segment, place) => (segment.startsWith(':') ? [[segment.slice(1), place]] : []));
  const api = path.startsWith('/api/v2/') ? 2 : path.startsWith('/api/') ? 1 : undefined;
  return { ...group, name: name.replace(/^any /, ''), api, places: Object.fromEntries(places) };
}

const root = tree();

function tree(): Node {
  const top = node();
  for (const [number, name] of routeGroups.flatMap(group => group.routes).entries()) {
    const [method = '', path = ''] = name.split(' ');
    const segments = path.split('/').slice(1);
    const last = segments.filter(each => each !== '*').reduce(inner, top);
    const ends = segments.at(-1) === '*' ? last.rests : last.ends;
    ends.set(method, number + 1);
    if (method === 'GET' && routes[number + 1]?.means === 'asset') ends.set('HEAD', number + 1);
  }
  return top;
}

function node(): Node {
  return { next: new Map(), ends: new Map(), rests: new Map() };
}

function inner(at: Node, segment: string): Node {
  const key = segment.startsWith(':') ? anyId : segment.startsWith('{') ? anyWord : segment;
  const next = at.next.get(key) ?? node();
  at.next.set(key, next);
  return next;
}

/** Number of the route; `path` is without query and without Clowder's own prefix. */
export function findRoute(method: string, path: string): number {
  if (!path.startsWith('/')) return noRoute;
  const segments = path.split('/', maxSegments + 2).slice(1);
  return segments.length > maxSegments ? noRoute : (find(root, method, segments, 0) ?? noRoute);
}

function find(at: Node, method: string, segments: readonly string[], place: number): number | undefined {
  const segment = segments[place];
  const rest = (): number | undefined => at.rests.get(method) ?? at.rests.get('any');
  if (segment === undefined) return at.ends.get(method) ?? at.ends.get('any') ?? rest();
  for (const key of [segment, ...(id.test(segment) ? [anyId] : []), ...(segment === '' ? [] : [anyWord])]) {
    const next = at.next.get(key);
    const found = next && find(next, method, segments, place + 1);
    if (found !== undefined) return found;
  }
  return rest();
}
