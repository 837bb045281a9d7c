import type { Fields } from '../events/event.js';
import type { Source } from '../events/message.js';
import { type Facts, isResourceId, type ResourceKind, resourceId, resourceKinds, shortText } from './resource.js';

/** An event's own words about Clowder's resources. */
export interface Mentions {
  /** What it happened to. */
  readonly subject: string | undefined;
  readonly kind: ResourceKind | undefined;
  readonly file: string | undefined;
  readonly dataset: string | undefined;
  readonly space: string | undefined;
  readonly collection: string | undefined;
  /** From the query of its address or of its referrer. */
  readonly query: QueryMentions | undefined;
}

export interface QueryMentions {
  readonly dataset: string | undefined;
  readonly space: string | undefined;
}

export interface Mentioning {
  readonly type: string | undefined;
  readonly fields: Fields;
  readonly source: Source;
}

/**
 * What an event mentions; null where that is nothing, for which it costs a few look-ups. A recording that is replayed
 * stays as it was recorded, and teaches nothing: what was so then need not be so now. Nor does what was counted, which
 * says what was known before.
 */
export function mentionsOf({ type, fields, source }: Mentioning): Mentions | null {
  if (source === 'replay' || source === 'usage') return null;
  const { resource_id, dataset_id, file_id, space_id, collection_id, url } = fields;
  if (resource_id === undefined && dataset_id === undefined && file_id === undefined && space_id === undefined) {
    const mayHaveQuery = typeof url === 'string' && url.includes('?');
    if (collection_id === undefined && !mayHaveQuery) return null;
  }
  const subject = resourceId(resource_id);
  const query = queryMentions(url) ?? (subject === undefined ? undefined : queryMentions(fields.referrer, subject));
  const kind = subject === undefined ? undefined : kindOf(subject, type, fields);
  const file = resourceId(file_id);
  const dataset = resourceId(dataset_id);
  const space = resourceId(space_id);
  const collection = resourceId(collection_id);
  const nothing = (subject ?? query ?? file ?? dataset ?? space ?? collection) === undefined;
  return nothing ? null : { subject, kind, file, dataset, space, collection, query };
}

/** Takes what is said of one resource. */
export type Learn = (id: string, facts: Facts) => void;

/** What an event by its own fields says of the resources that it mentions. */
export function learnFrom(mentions: Mentions, fields: Fields, learn: Learn): void {
  const { subject, kind, dataset, space, collection } = mentions;
  const spaces = space === undefined ? undefined : [space];
  if (subject !== undefined && kind !== undefined) {
    learn(subject, {
      kind,
      name: shortText(fields.resource_name),
      owner: resourceId(fields.author_id),
      doi: shortText(fields.doi),
      dataset: kind === 'file' ? dataset : undefined,
      spaces: kind === 'dataset' || kind === 'collection' ? spaces : undefined,
      collections: kind === 'dataset' && collection !== undefined ? [collection] : undefined,
    });
  }
  if (mentions.file !== undefined && mentions.file !== subject) learn(mentions.file, { kind: 'file', dataset });
  if (dataset !== undefined && dataset !== subject)
    learn(dataset, { kind: 'dataset', name: shortText(fields.dataset_name), spaces });
  if (space !== undefined && space !== subject) learn(space, { kind: 'space', name: shortText(fields.space_name) });
}

/** What the query of its address says, which anybody can write. */
export function learnFromQuery({ subject, kind, query }: Mentions, learn: Learn): void {
  if (query === undefined || subject === undefined) return;
  const { dataset, space } = query;
  if (kind === 'file' && dataset !== undefined) learn(subject, { kind, dataset });
  if (kind === 'dataset' && space !== undefined) learn(subject, { kind, spaces: [space] });
}

/** Clowder's name for a resource in a path, and what follows it. */
const inPath = /\/(file|dataset|collection|space)s?\/([0-9a-f]{24})(?![0-9a-f])/gi;
/** Characters of an address that are looked at. */
const maxUrlLength = 2_048;

/** By the event's type, else by what it says of its resource, else by where its id stands in the address. */
function kindOf(id: string, type: string | undefined, { resource_type, url }: Fields): ResourceKind | undefined {
  const named = resourceKinds.find(kind => kind === type) ?? resourceKinds.find(kind => kind === resource_type);
  if (named !== undefined || typeof url !== 'string') return named;
  for (const [, kind, found] of url.slice(0, maxUrlLength).matchAll(inPath)) {
    if (found?.toLowerCase() === id) return kind?.toLowerCase() as ResourceKind;
  }
  return undefined;
}

/** @param about for a referrer: the resource that its page has to be about */
function queryMentions(url: unknown, about = ''): QueryMentions | undefined {
  if (typeof url !== 'string') return undefined;
  const at = url.indexOf('?');
  if (at < 0 || !url.slice(0, Math.min(at, maxUrlLength)).toLowerCase().includes(about)) return undefined;
  const query = url.slice(at + 1, at + maxUrlLength);
  const dataset = parameter(query, 'dataset');
  const space = parameter(query, 'space');
  return dataset === undefined && space === undefined ? undefined : { dataset, space };
}

function parameter(query: string, name: string): string | undefined {
  const start = query.startsWith(`${name}=`) ? 0 : query.indexOf(`&${name}=`) + 1;
  if (start === 0 && !query.startsWith(`${name}=`)) return undefined;
  const value = query.slice(start + name.length + 1, start + name.length + 1 + 25);
  const id = value.slice(0, 24);
  return isResourceId(id) && (value.length === 24 || '&#'.includes(value[24]!)) ? id.toLowerCase() : undefined;
}
