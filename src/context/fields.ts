import type { Context, ContextName, Fields } from '../events/event.js';
import type { Mentions } from './mentions.js';
import type { Resource } from './resource.js';

/** Looks a resource up. */
type Find = (id: string) => Resource | undefined;

/**
 * What is known of the resources that an event mentions, as fields for it: only those that it lacks, and undefined when
 * nothing is known that it does not say itself. Ids of its own resource under another name (`dataset_id` of a dataset
 * that was viewed) come with the rest, not alone.
 */
export function contextFields(mentions: Mentions, fields: Fields, find: Find): Context | undefined {
  const { subject, query } = mentions;
  const resource = subject === undefined ? undefined : find(subject);
  const kind = mentions.kind ?? resource?.kind;
  const fileId = mentions.file ?? (kind === 'file' ? subject : undefined);
  const file = fileId === subject ? resource : fileId === undefined ? undefined : find(fileId);
  const isDataset = kind === 'dataset';
  // Its own word, its own address, what is known, in this order.
  const datasetId = mentions.dataset ?? (isDataset ? subject : (query?.dataset ?? file?.dataset));
  const dataset = datasetId === undefined ? undefined : datasetId === subject ? resource : find(datasetId);
  const ownSpace = kind === 'space' ? subject : undefined;
  const spaces = only(resource?.spaces) ?? only(dataset?.spaces);
  const spaceId = mentions.space ?? ownSpace ?? query?.space ?? spaces?.[0];
  const space = spaceId === undefined ? undefined : spaceId === subject ? resource : find(spaceId);
  const collections = only(resource?.collections) ?? only(dataset?.collections);
  const collectionId = mentions.collection ?? (kind === 'collection' ? subject : undefined) ?? collections?.[0];

  const known: { -readonly [Name in ContextName]?: string | readonly string[] } = {};
  let news = resource?.outcome === 'known' || dataset?.outcome === 'known';
  const add = (name: ContextName, value: string | readonly string[] | undefined, isNews = true): void => {
    if (value === undefined || Object.hasOwn(fields, name)) return;
    known[name] = value;
    news ||= isNews;
  };
  if (subject !== undefined) add('resource_name', resource?.name);
  if (subject !== undefined) add('author_id', resource?.owner);
  add('file_id', fileId, false);
  add('dataset_id', datasetId, !isDataset);
  add('dataset_name', dataset?.name, !isDataset);
  add('space_id', spaceId, ownSpace === undefined);
  add('space_name', space?.name, ownSpace === undefined);
  if (spaces !== undefined && spaces.length > 1) add('space_ids', spaces);
  add('collection_id', collectionId, kind !== 'collection');
  if (collections !== undefined && collections.length > 1) add('collection_ids', collections);
  add('doi', resource?.doi ?? dataset?.doi);
  return news && Object.keys(known).length > 0 ? known : undefined;
}

/** Undefined for an empty list. */
function only(ids: readonly string[] | undefined): readonly string[] | undefined {
  return ids === undefined || ids.length === 0 ? undefined : ids;
}
