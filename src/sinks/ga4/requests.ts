import { halves } from '../../halves.js';
import type { Compiled } from './compile.js';
import { limits } from './limits.js';

/** One event on its way: the ids it settles, and its JSON. */
export interface Hit {
  readonly id: string;
  readonly json: string;
}

/** What goes to Google in one POST. */
export interface Ga4Request {
  readonly hits: readonly Hit[];
  /** The request's context as JSON, without the closing brace. */
  readonly head: string;
}

/** Events of one client, user, device and place travel together, in their order, within the limits of a request. */
export function requestsOf(compiled: readonly (readonly [id: string, compiled: Compiled])[]): Ga4Request[] {
  const requests: { hits: Hit[]; head: string; bytes: number }[] = [];
  const open = new Map<string, { hits: Hit[]; head: string; bytes: number }>();
  for (const [id, { context, event }] of compiled) {
    const head = JSON.stringify(context).slice(0, -1);
    const json = JSON.stringify(event);
    const bytes = Buffer.byteLength(json) + 1;
    let request = open.get(head);
    if (
      request === undefined ||
      request.hits.length === limits.eventsPerRequest ||
      request.bytes + bytes >= limits.bodyBytes
    ) {
      request = { hits: [], head, bytes: Buffer.byteLength(bodyOf({ hits: [], head })) };
      open.set(head, request);
      requests.push(request);
    }
    request.hits.push({ id, json });
    request.bytes += bytes;
  }
  return requests;
}

export function bodyOf({ hits, head }: Ga4Request): string {
  return `${head},"events":[${hits.map(hit => hit.json).join(',')}]}`;
}

export function halved(request: Ga4Request): Ga4Request[] {
  return halves(request.hits).map(hits => ({ hits, head: request.head }));
}
