import type { Message } from '../../events/message.js';
import type { AgentKind } from './agents.js';
import type { Request, RequestKind } from './requests.js';
import { resourceOf } from './resources.js';
import { maskUrlSecrets } from './secrets.js';
import type { VisitorKeys } from './visitors.js';
import { wholeUrls } from './whole-url.js';

/** What NGINX_TRAFFIC_EVENTS lists. */
export const trafficKinds = ['views', 'downloads', 'api'] as const;

export type TrafficKind = (typeof trafficKinds)[number];

interface TargetedRequest extends Request {
  /** As in the log, with its query. */
  readonly target: string;
}

/** A line of which an event is made. */
export interface TrafficLine {
  /** Epoch ms. */
  readonly time: number;
  readonly id: string;
  readonly kind: RequestKind;
  readonly agentKind: AgentKind;
  readonly request: TargetedRequest;
  /** NaN when the log does not say; so is `duration`, seconds. */
  readonly bytes: number;
  readonly duration: number;
  readonly address: string | undefined;
  readonly agent: string | undefined;
  readonly referrer: string | undefined;
  /** Who is signed in, by the name that the log gives. */
  readonly user: string | undefined;
}

export interface TrafficOptions {
  readonly kinds: readonly TrafficKind[];
  readonly keepIp: boolean;
  /** Without a slash at its end; undefined = not known. */
  readonly clowderUrl: string | undefined;
  /** Where Clowder is: begins with a slash and ends without one, or is empty. */
  readonly prefix: string;
  readonly visitors: VisitorKeys;
  readonly now: () => number;
}

const categories = {
  'page view': 'page_view',
  download: 'resource_download',
  'API call': 'api_call',
} as const;
const settings = { 'page view': 'views', download: 'downloads', 'API call': 'api' } as const;

/**
 * An event for each page view, download and API call. What crawlers look at and fetch is counted in the windows and
 * makes no event; downloads and API calls of extractors do, and say so (`agent_kind`). This daemon's own health checks
 * make none.
 */
export class TrafficEvents {
  readonly #options: TrafficOptions;
  readonly #wholeUrl: (target: string) => string;
  #made: Message[] = [];

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.#wholeUrl = wholeUrls(options.clowderUrl);
  }

  wants(kind: RequestKind, agentKind: AgentKind): boolean {
    if (kind === 'asset' || kind === 'other') return false;
    if (agentKind === 'own') return false;
    if (agentKind === 'crawler' && kind !== 'API call') return false;
    if (agentKind === 'extractor' && kind === 'page view') return false;
    return this.#options.kinds.includes(settings[kind]);
  }

  add(line: TrafficLine): void {
    const { kind } = line;
    if (kind === 'asset' || kind === 'other') return;
    const { prefix, visitors, keepIp, now } = this.#options;
    const resource = resourceOf(line.request, prefix, line.referrer);
    const { method, status } = line.request;
    const { agentKind, address, agent, referrer, bytes, duration, user } = line;
    const fields: Record<string, unknown> = { category: categories[kind] };
    if (resource.type !== undefined && kind !== 'API call') fields.type = resource.type;
    fields.url = this.#wholeUrl(maskUrlSecrets(line.request.target));
    if (resource.id !== undefined) fields.resource_id = resource.id;
    if (resource.dataset !== undefined) fields.dataset_id = resource.dataset;
    if (resource.space !== undefined) fields.space_id = resource.space;
    // A name that was refused is only a claim.
    if (user !== undefined && status !== 401) fields.user_id = user;
    fields.method = method;
    if (!Number.isNaN(status)) fields.status = status;
    // A download's bytes are there even when the log does not say them: 0 is what is known of them.
    if (kind === 'download' && (Number.isNaN(bytes) || line.request.route.bytesElsewhere)) fields.bytes = 0;
    else if (!Number.isNaN(bytes)) fields.bytes = bytes;
    if (!Number.isNaN(duration)) fields.duration = duration;
    if (referrer !== undefined) fields.referrer = maskUrlSecrets(referrer);
    if (agent !== undefined) fields.user_agent = agent;
    if (kind !== 'page view') fields.agent_kind = agentKind;
    if (address !== undefined) fields.visitor = visitors.keyOf(line.time, address, agent ?? '');
    if (keepIp && address !== undefined) fields.ip = address;
    fields.created = line.time;
    this.#made.push({ id: line.id, body: JSON.stringify(fields), fields, source: 'nginx', received: now() });
  }

  take(): Message[] {
    const made = this.#made;
    this.#made = [];
    return made;
  }
}
