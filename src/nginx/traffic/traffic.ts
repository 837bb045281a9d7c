import type { AgentKind } from '../../agents.js';
import type { Message } from '../../events/message.js';
import type { CountryOf } from '../../geoip/countries.js';
import { firstLanguage } from './language.js';
import type { PartialDownload } from './partial-downloads.js';
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
  readonly agentKind: AgentKind;
  readonly request: TargetedRequest;
  /** Bytes of the answer and of the request, and seconds that it took; NaN when the log does not say. */
  readonly bytes: number;
  readonly received: number;
  readonly duration: number;
  readonly address: string | undefined;
  readonly agent: string | undefined;
  readonly referrer: string | undefined;
  /** Who is signed in, by the name that the log gives. */
  readonly user: string | undefined;
  /** Name of the extractor that asked. */
  readonly extractor: string | undefined;
  /** Accept-Language. */
  readonly languages: string | undefined;
}

export interface TrafficOptions {
  readonly kinds: readonly TrafficKind[];
  /**
   * The sink that counts usage from this log. It gets every view and download whatever `kinds` says, and with them what
   * is no event to anybody else: those of crawlers, and downloads that the browser still had (304).
   */
  readonly usageSink?: string | undefined;
  readonly keepIp: boolean;
  /** Clowder 1 says itself, over RabbitMQ, which files are uploaded. */
  readonly uploadsPublished: boolean;
  /** Without a slash at its end; undefined = not known. */
  readonly clowderUrl: string | undefined;
  /** Where Clowder is: begins with a slash and ends without one, or is empty. */
  readonly prefix: string;
  readonly visitors: VisitorKeys;
  readonly countryOf: CountryOf;
  readonly now: () => number;
  /** A view or a download has a pseudonym that may not be that of its day. */
  readonly onLateSalt?: (time: number) => void;
}

const viewCategories = {
  'page view': ['page_view', 'views'],
  download: ['resource_download', 'downloads'],
  'API call': ['api_call', 'api'],
} as const satisfies Partial<Record<RequestKind, readonly [category: string, setting: TrafficKind]>>;

type TrafficCategory = 'page_view' | 'resource_download' | 'api_call' | 'upload' | 'delete';

/** What an event says of its line, which has one of each at most: a line that deletes or uploads something has two. */
export type LineAspect = 'line' | 'upload' | 'delete' | 'unchanged';

/** An event that a line becomes. */
export interface LineEvent {
  readonly category: TrafficCategory;
  readonly aspect: LineAspect;
  /** For these alone. */
  readonly sinks?: readonly string[];
}

/** Members are added one by one: this is done for each event, and spreading them together takes longer. */
type Made = { -readonly [Name in keyof Message]: Message[Name] };

const none: readonly LineEvent[] = [];
const open = {
  page_view: { category: 'page_view', aspect: 'line' },
  resource_download: { category: 'resource_download', aspect: 'line' },
  api_call: { category: 'api_call', aspect: 'line' },
  upload: { category: 'upload', aspect: 'upload' },
  delete: { category: 'delete', aspect: 'delete' },
} as const satisfies Readonly<Record<TrafficCategory, LineEvent>>;

/**
 * An event for each page view, download and API call, and beside it for what was uploaded and deleted. What crawlers
 * look at and fetch is counted in the windows and makes an event for usage alone; downloads and API calls of extractors
 * make one, and say so (`agent_kind`). This daemon's own health checks make none.
 */
export class TrafficEvents {
  readonly #options: TrafficOptions;
  readonly #wholeUrl: (target: string) => string;
  /** For usage alone; undefined = it is not counted from here. */
  readonly #forUsage: Readonly<Record<'page_view' | 'resource_download' | 'unchanged', LineEvent>> | undefined;
  #made: Message[] = [];

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.#wholeUrl = wholeUrls(options.clowderUrl);
    const { usageSink } = options;
    if (usageSink === undefined) return;
    const sinks = [usageSink];
    this.#forUsage = {
      page_view: { ...open.page_view, sinks },
      resource_download: { ...open.resource_download, sinks },
      unchanged: { category: 'resource_download', aspect: 'unchanged', sinks },
    };
  }

  /** Usage is counted from here. */
  get countsUsage(): boolean {
    return this.#forUsage !== undefined;
  }

  /**
   * What is to be made of a line: mostly nothing.
   * @param unchanged what it would download, the browser still had
   */
  eventsOf(kind: RequestKind, agentKind: AgentKind, request: Request, unchanged: boolean): readonly LineEvent[] {
    const { kinds } = this.#options;
    if ((kinds.length === 0 && !this.countsUsage) || kind === 'asset' || agentKind === 'own') return none;
    const stored = kinds.includes('api') ? this.#storedBy(request) : undefined;
    const view = kind === 'other' ? undefined : this.#viewOf(kind, agentKind);
    const usage = unchanged ? this.#forUsage?.unchanged : undefined;
    if (stored === undefined && usage === undefined) return view === undefined ? none : [view];
    return [view, stored === undefined ? undefined : open[stored], usage].filter(event => event !== undefined);
  }

  /** @param partial the download that the line is the first part of: its event is made when it closes */
  add({ category, sinks }: LineEvent, id: string, line: TrafficLine, partial?: PartialDownload): void {
    const fields = this.#fieldsOf(category, line);
    if (category === 'resource_download' && partial !== undefined) {
      partial.event = sinks === undefined ? { id, fields } : { id, fields, sinks };
      return;
    }
    const body = JSON.stringify(fields);
    const made: Made = { id, body, fields, source: 'nginx', received: this.#options.now() };
    if (isHeld(line.bytes) && isHeld(line.received) && isHeld(line.duration)) made.plain = true;
    if (sinks !== undefined) made.sinks = sinks;
    this.#made.push(made);
  }

  take(): Message[] {
    const made = this.#made;
    this.#made = [];
    return made;
  }

  #viewOf(kind: keyof typeof viewCategories, agentKind: AgentKind): LineEvent | undefined {
    if (agentKind === 'extractor' && kind === 'page view') return undefined;
    const [category, setting] = viewCategories[kind];
    const isOpen = this.#options.kinds.includes(setting) && (agentKind !== 'crawler' || kind === 'API call');
    if (isOpen) return open[category];
    return category === 'api_call' ? undefined : this.#forUsage?.[category];
  }

  #storedBy({ route, status }: Request): 'upload' | 'delete' | undefined {
    const { means } = route;
    if ((means !== 'upload' && means !== 'delete') || !(status >= 200 && status <= 299)) return undefined;
    return route.published && this.#options.uploadsPublished ? undefined : means;
  }

  #fieldsOf(category: TrafficCategory, line: TrafficLine): Record<string, unknown> {
    const { prefix, visitors, countryOf, keepIp, onLateSalt } = this.#options;
    const { method, status, target } = line.request;
    const resource = resourceOf(line.request, prefix, line.referrer);
    const { address, agent, referrer, user, extractor } = line;
    const country = address === undefined ? undefined : countryOf(address);
    const language = firstLanguage(line.languages);
    const fields: Record<string, unknown> = { category };
    if (resource.type !== undefined && category !== 'api_call') fields.type = resource.type;
    fields.url = this.#wholeUrl(maskUrlSecrets(target));
    if (resource.id !== undefined) fields.resource_id = resource.id;
    if (resource.dataset !== undefined) fields.dataset_id = resource.dataset;
    if (resource.space !== undefined) fields.space_id = resource.space;
    // A name that was refused is only a claim.
    if (user !== undefined && status !== 401) fields.user_id = user;
    fields.method = method;
    if (!Number.isNaN(status)) fields.status = status;
    addAmounts(fields, line);
    if (referrer !== undefined) fields.referrer = maskUrlSecrets(referrer);
    if (agent !== undefined) fields.user_agent = agent;
    fields.agent_kind = line.agentKind;
    if (extractor !== undefined) fields.extractor_name = extractor;
    if (language !== undefined) fields.language = language;
    if (country !== undefined) fields.country = country;
    if (address !== undefined) {
      fields.visitor = visitors.keyOf(line.time, address, agent ?? '');
      if ((category === 'page_view' || category === 'resource_download') && visitors.isLate(line.time))
        onLateSalt?.(line.time);
    }
    if (keepIp && address !== undefined) fields.ip = address;
    fields.created = line.time;
    return fields;
  }
}

/** Its digits, as JSON has them, are those of the double; also where the log does not say it. */
function isHeld(amount: number): boolean {
  return Number.isSafeInteger(amount) || !Number.isInteger(amount);
}

/** Bytes and seconds, as far as the log says them. */
function addAmounts(fields: Record<string, unknown>, { request, bytes, received, duration }: TrafficLine): void {
  const { carriesFile, bytesElsewhere } = request.route;
  const { category } = fields;
  if (category === 'delete') return;
  if (category === 'upload') {
    if (!carriesFile || Number.isNaN(received)) return;
    fields.size = received;
    fields.bytes = received;
    return;
  }
  // A download's bytes are there even when the log does not say them: 0 is what is known of them.
  if (category === 'resource_download' && (bytesElsewhere || Number.isNaN(bytes))) fields.bytes = 0;
  else if (!Number.isNaN(bytes)) fields.bytes = bytes;
  if (!Number.isNaN(duration)) fields.duration = duration;
}
