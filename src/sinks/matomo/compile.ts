import { measure } from '../../events/catalogue.js';
import type { Event } from '../../events/event.js';
import { type DeviceReader, placeOf } from '../../people/devices.js';
import { title, words } from '../event-title.js';
import { cut, digest, identify } from '../people.js';

/** One tracking request, by Matomo's names of its parameters. */
export type Hit = Readonly<Record<string, string>>;

export interface CompileOptions {
  readonly siteId: number;
  /** The site that is tracked, without a slash at its end: for paths, and for resources whose address is not known. */
  readonly siteUrl: string;
  /** The custom dimension that holds the event's id; undefined: none does. */
  readonly idDimension: number | undefined;
  readonly devices: DeviceReader;
}

/** Matomo keeps 255 characters of most texts, and 4,096 of an address. */
const maxTextLength = 255;
const maxUrlLength = 4_096;

const views: ReadonlySet<string> = new Set(['view_resource', 'page_view', 'browser_page_view']);
const downloads: ReadonlySet<string> = new Set(['download', 'resource_download', 'browser_download']);

/** Where Clowder shows a resource, and where it gives it out. */
const pages: Readonly<Record<string, string>> = {
  dataset: '/datasets/',
  file: '/files/',
  collection: '/collection/',
  space: '/spaces/',
};

/**
 * What one event is at Matomo: a page view, a download, or an event of its own. Field by field: docs/mapping-matomo.md.
 * Never fails: whatever is a JSON object is an event, and what Matomo has no place for stays here.
 */
export function compile(event: Event, options: CompileOptions): Hit {
  const { siteId, idDimension } = options;
  return present({
    idsite: String(siteId),
    rec: '1',
    apiv: '1',
    // Machines are visitors too; Matomo drops what looks like one otherwise.
    bots: '1',
    cdt: String(Math.floor(event.created / 1000)),
    ...visitor(event, options),
    ...action(event, options),
    ...(idDimension === undefined ? {} : { [`dimension${idDimension}`]: event.id }),
    urlref: absolute(event.fields.referrer ?? event.fields.page_referrer),
  });
}

function visitor(event: Event, { devices }: CompileOptions): Record<string, string | undefined> {
  const person = identify(event);
  const device = devices.read(event.fields);
  const { ip, country, region, city } = placeOf(event.fields);
  return {
    uid: person.user === undefined ? undefined : cut(person.user, maxTextLength),
    _id: digest(person.visitor, 16),
    ua: device.userAgent,
    lang: device.language,
    res: device.screen,
    // Else all of them would come from where the daemon is.
    cip: ip ?? '0.0.0.0',
    country: country !== undefined && /^[a-z]{2}$/i.test(country) ? country.toLowerCase() : undefined,
    region: region === undefined ? undefined : cut(region, maxTextLength),
    city: city === undefined ? undefined : cut(city, maxTextLength),
  };
}

function action(event: Event, { siteUrl }: CompileOptions): Record<string, string | undefined> {
  const { category, type, fields } = event;
  const name = text(fields.resource_name) ?? text(fields.page_title) ?? text(fields.title);
  const page = addressOf(event, siteUrl);
  if (views.has(category)) return { url: page, action_name: name ?? title(category, type) };
  if (downloads.has(category)) {
    const from = absolute(fields.page_location) ?? absolute(fields.referrer) ?? page;
    return { url: from, download: downloadOf(event, siteUrl) };
  }
  const { bytes, item_count } = measure(event);
  const value = [fields.value, bytes, item_count, fields.bytes].find(one => Number.isFinite(one));
  return {
    url: page,
    ca: '1',
    e_c: cut(category.trim() || 'unknown', maxTextLength),
    e_a: type === undefined ? words(category, undefined).join(' ') : cut(type.trim() || 'event', maxTextLength),
    e_n: name ?? text(fields.service_name) ?? text(fields.extractor_name) ?? text(fields.resource_id),
    e_v: value === undefined ? undefined : String(value),
  };
}

/** The address of the page that the event is about. */
function addressOf({ type, fields }: Event, siteUrl: string): string {
  const stated = absolute(fields.page_location) ?? absolute(fields.url) ?? pathOf(fields.url, siteUrl);
  if (stated !== undefined) return stated;
  const id = text(fields.resource_id);
  const path = pages[type ?? ''];
  return id === undefined || path === undefined ? `${siteUrl}/` : `${siteUrl}${path}${encodeURIComponent(id)}`;
}

function downloadOf({ type, fields }: Event, siteUrl: string): string {
  const stated = absolute(fields.url) ?? pathOf(fields.url, siteUrl);
  if (stated !== undefined) return stated;
  const id = encodeURIComponent(text(fields.resource_id) ?? text(fields.resource_name) ?? 'unknown');
  if (type === 'dataset' || type === 'collection') return `${siteUrl}/api/${type}s/${id}/download`;
  return `${siteUrl}/files/${id}/blob`;
}

function absolute(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^https?:\/\//i.test(value) || !URL.canParse(value)) return undefined;
  return value.length > maxUrlLength ? undefined : value.toWellFormed();
}

function pathOf(value: unknown, siteUrl: string): string | undefined {
  return typeof value === 'string' && value.startsWith('/') ? absolute(`${siteUrl}${value}`) : undefined;
}

function text(value: unknown): string | undefined {
  const found = typeof value === 'number' ? String(value) : value;
  return typeof found === 'string' && found.trim() !== '' ? cut(found.toWellFormed().trim(), maxTextLength) : undefined;
}

function present(values: Readonly<Record<string, string | undefined>>): Hit {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
