import { dayMs, dayOf } from '../calendar.js';
import { measure } from '../events/catalogue.js';
import { type Event, type Fields, isFromPage } from '../events/event.js';
import type { Value } from '../storage/database.js';
import type { Agents, Asker } from './agents.js';
import { type Item, itemOf } from './item.js';
import { type KeyOf, userOf } from './keys.js';

/** Where usage can be counted from. One counts; the others are there to compare it with. */
export const usageSources = ['nginx', 'clowder', 'browser'] as const;
export type UsageSource = (typeof usageSources)[number];

/**
 * Events of these categories are accesses: views are investigations, downloads are requests too. `source` is that of
 * those that no page sent.
 */
const categories: Readonly<Record<string, { readonly request: boolean; readonly source: UsageSource }>> = {
  browser_page_view: { request: false, source: 'browser' },
  browser_download: { request: true, source: 'browser' },
  page_view: { request: false, source: 'nginx' },
  resource_download: { request: true, source: 'nginx' },
  view_resource: { request: false, source: 'clowder' },
  download: { request: true, source: 'clowder' },
};

export const usageCategories = Object.keys(categories);

/**
 * Why an access does not count. `other_source`: its source does not count; why it would not if it did may follow, as in
 * `other_source:robot`. `misdated` is a time that cannot be true (`isMisdated`). `double_click` is found when a day is
 * counted, `late` is what comes when its month has closed.
 */
export const leftOutReasons = [
  ...(['robot', 'extractor', 'probe', 'preview', 'unsuccessful', 'misdated'] as const),
  ...(['other_source', 'double_click', 'late'] as const),
] as const;
type Reason = (typeof leftOutReasons)[number];
const otherSource: Reason = 'other_source';

export interface Rules {
  readonly source: UsageSource;
  readonly agents: Agents;
  readonly keyOf: KeyOf;
  /** The same, for what is asked for. */
  readonly placeKeyOf: KeyOf;
  /** For how long a month takes what comes late, ms: a page says nothing older. */
  readonly closeMs: number;
}

/** One access as it is kept. */
export interface Access {
  /** A row of `usage_accesses`: see `foldUsage`. */
  readonly row: readonly Value[];
  readonly facts: Item['facts'];
}

const preview = /[?&]tracking=false(?:&|#|$)/i;
const country = /^[a-z]{2}$/i;

/**
 * The access that an event tells of. Undefined: it is not one of a dataset or file.
 *
 * What is left out for a reason is kept with it, so that a repetition is not counted twice there either. What another
 * source says is kept for the audit.
 */
export function accessOf(event: Event, { source, agents, keyOf, placeKeyOf, closeMs }: Rules): Access | undefined {
  const category = categories[event.category];
  const item = category === undefined ? undefined : itemOf(event, category.request);
  if (category === undefined || item === undefined) return undefined;
  const from = isFromPage(event) ? 'browser' : category.source;
  const { fields } = event;
  const misdated = isMisdated(event, closeMs);
  const time = misdated ? event.received : event.created;
  const agent = typeof fields.user_agent === 'string' ? fields.user_agent : undefined;
  const asker = agents.askerOf(agent, fields.agent_kind, from === 'nginx' ? 'machine' : 'person');
  const url = typeof fields.url === 'string' ? fields.url : undefined;
  const own = misdated ? 'misdated' : (reasonOf(event, asker, url) ?? null);
  const reason = from === source ? own : own === null ? otherSource : `${otherSource}:${own}`;
  const { user, byAddress, isLogin, session } = userOf(event, keyOf);
  const part = category.request && fields.status === 206 ? placeKeyOf(`file ${item.file ?? item.id}`) : null;
  const row: Value[] = [
    dayOf(time),
    event.id,
    time,
    reason,
    from,
    item.id,
    asker === 'machine' ? 1 : 0,
    category.request ? 1 : 0,
    part,
    user,
    byAddress || isOfDay(event) ? 1 : 0,
    session,
    placeKeyOf(url ?? `${event.category} ${item.file ?? item.id}`),
    bytesOf(event),
    countryOf(fields.country),
    misdated || isForUsageAlone(event) ? 0 : 1,
    item.file ?? null,
    isLogin ? 1 : 0,
    category.request ? publicationsOf(fields, url) : 1,
    durationOf(fields.duration),
  ];
  return { row, facts: item.facts };
}

/**
 * Whoever knows the public key of pages can send any time, and a clock can be wrong: a time that is yet to come, or of
 * a page one that is older than what months wait for, opens no month. Such an access is kept at its arrival, with the
 * reason why it does not count; the store has its event at another time.
 */
function isMisdated({ created, received, source }: Event, closeMs: number): boolean {
  return created > received + dayMs || (source === 'browser' && created < received - closeMs);
}

/**
 * Old documents often have a date without a time, which stands for midnight (UTC): nobody knows that it came soon after
 * something else, so that nothing of it reaches over an hour, as of whoever is known by address alone.
 */
function isOfDay({ created, source }: Event): boolean {
  return source === 'import' && created % dayMs === 0;
}

/** The reader of the log makes these for usage alone, whatever it is to make for others: no store has them. */
function isForUsageAlone({ source, category, fields }: Event): boolean {
  if (source !== 'nginx') return false;
  return fields.agent_kind === 'crawler' || (category === 'resource_download' && fields.status === 304);
}

function reasonOf({ fields }: Event, asker: Asker, url: string | undefined): Reason | undefined {
  if (asker === 'robot' || asker === 'extractor' || asker === 'probe') return asker;
  if (url !== undefined && preview.test(url)) return 'preview';
  const { status, method } = fields;
  // A source that does not say how it ended speaks of what went well.
  if (typeof status === 'number' && status !== 200 && status !== 206 && status !== 304) return 'unsuccessful';
  return typeof method === 'string' && method.toUpperCase() !== 'GET' ? 'unsuccessful' : undefined;
}

function bytesOf(event: Event): number {
  const bytes = event.fields.bytes ?? measure(event).bytes;
  return typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes > 0 ? bytes : 0;
}

/** Clowder 1 publishes nothing of these downloads: by a link, of a part of a dataset, as another format. */
const unpublished = /\/files\/links\/|\/download(?:Partial|Folder)(?:[?#]|$)|\/files\/[0-9a-f]{24}\/download\//i;

/** How often Clowder publishes this download, as far as is known: once for each part. */
function publicationsOf({ parts }: Fields, url: string | undefined): number {
  if (url !== undefined && unpublished.test(url)) return 0;
  return typeof parts === 'number' && Number.isSafeInteger(parts) && parts > 1 ? parts : 1;
}

/** From seconds to ms. */
function durationOf(seconds: unknown): number {
  return typeof seconds === 'number' && seconds > 0 && seconds < 1e6 ? Math.round(seconds * 1000) : 0;
}

function countryOf(value: unknown): string | null {
  return typeof value === 'string' && country.test(value) ? value.toLowerCase() : null;
}
