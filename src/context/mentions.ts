import type { Fields } from '../events/event.js';
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
}

/** An event that mentions nothing costs these look-ups. */
export function mentionsOf({ type, fields }: Mentioning): Mentions | undefined {
  const { resource_id, dataset_id, file_id, space_id, collection_id, url } = fields;
  if (resource_id === undefined && dataset_id === undefined && file_id === undefined && space_id === undefined) {
    const mayHaveQuery = typeof url === 'string' && url.includes('?');
    if (collection_id === undefined && !mayHaveQuery) return undefined;
  }
  const query = queryMentions(url) ?? queryMentions(fields.referrer, resource_id);
  const subject = resourceId(resource_id);
  const kind = subject === undefined ? undefined : kindOf(subject, type, url);
  const own = {
    file: resourceId(file_id),
    dataset: resourceId(dataset_id),
    space: resourceId(space_id),
    collection: resourceId(collection_id),
  };
  if (subject === undefined && query === undefined && Object.values(own).every(id => id === undefined))
    return undefined;
  return { subject, kind, ...own, query };
}

/** What an event by its own fields says of the resources that it mentions, each by its id. */
export function* factsIn(mentions: Mentions, fields: Fields): Generator<readonly [id: string, facts: Facts]> {
  const { subject, kind, dataset, space, collection } = mentions;
  const file = mentions.file ?? (kind === 'file' ? subject : undefined);
  if (subject !== undefined && kind !== undefined) {
    yield [
      subject,
      present({
        kind,
        name: shortText(fields.resource_name),
        owner: resourceId(fields.author_id),
        doi: shortText(fields.doi),
        dataset: kind === 'file' ? dataset : undefined,
        spaces: kind === 'file' || space === undefined || kind === 'space' ? undefined : [space],
        collections: kind !== 'dataset' || collection === undefined ? undefined : [collection],
      }),
    ];
  }
  if (file !== undefined && file !== subject && dataset !== undefined) yield [file, present({ kind: 'file', dataset })];
  if (dataset !== undefined && dataset !== subject) {
    const spaces = space === undefined ? undefined : [space];
    yield [dataset, present({ kind: 'dataset', name: shortText(fields.dataset_name), spaces })];
  }
  if (space !== undefined && space !== subject)
    yield [space, present({ kind: 'space', name: shortText(fields.space_name) })];
}

/** What the query of its address says, which anybody can write. */
export function* factsInQuery({ subject, kind, query }: Mentions): Generator<readonly [id: string, facts: Facts]> {
  if (query === undefined || subject === undefined) return;
  const { dataset, space } = query;
  if (kind === 'file' && dataset !== undefined) yield [subject, { kind, dataset }];
  if (kind === 'dataset' && space !== undefined) yield [subject, { kind, spaces: [space] }];
}

/** Clowder's name for a resource in a path, and what follows it. */
const inPath = /\/(file|dataset|collection|space)s?\/([0-9a-f]{24})(?![0-9a-f])/gi;
/** Characters of an address that are looked at. */
const maxUrlLength = 2_048;

/** By the event's type, else by where its id stands in the address. */
function kindOf(id: string, type: string | undefined, url: unknown): ResourceKind | undefined {
  const named = resourceKinds.find(kind => kind === type);
  if (named !== undefined || typeof url !== 'string') return named;
  for (const [, kind, found] of url.slice(0, maxUrlLength).matchAll(inPath)) {
    if (found?.toLowerCase() === id) return kind?.toLowerCase() as ResourceKind;
  }
  return undefined;
}

/** @param about of a referrer: only where its page is about this resource, or about nothing that is known */
function queryMentions(url: unknown, about?: unknown): QueryMentions | undefined {
  if (typeof url !== 'string') return undefined;
  const at = url.indexOf('?');
  if (at < 0 || (about !== undefined && !url.slice(0, at).includes(String(about)))) return undefined;
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

/** Without what is not known, so that it takes nobody's place. */
function present(facts: { readonly [Name in keyof Facts]: Facts[Name] | undefined }): Facts {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as unknown as Facts;
}
