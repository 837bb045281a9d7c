import { type Event, type Fields, isFromPage } from '../events/event.js';

/** What is counted: a dataset, or a file that belongs to none that is known. */
export interface Item {
  /** Empty = not known. */
  readonly id: string;
  /** The file, where one was asked for. */
  readonly file: string | undefined;
  /** What is known of the dataset or file, and of its space; JSON objects by id. */
  readonly facts: readonly (readonly [id: string, facts: ItemFacts])[];
}

export interface ItemFacts {
  readonly type?: 'dataset' | 'file' | 'space' | 'collection';
  readonly title?: string;
  readonly doi?: string;
  readonly creators?: readonly string[];
  /** Id of the person to whom it belongs. */
  readonly owner?: string;
  /** Full name of that person. */
  readonly ownerName?: string;
  readonly spaces?: readonly string[];
  readonly collections?: readonly string[];
}

const inUrl = /\/(dataset|file)s\/([0-9a-f]{24})(?=[/?#]|$)/i;
const notBlank = /\S/;
/** Characters of a title, and spaces, collections and creators, that are kept. */
const maxLength = 1024;
const maxListed = 50;

type ItemEvent = Pick<Event, 'type' | 'fields' | 'source' | 'context'>;

/**
 * Undefined: it was something else than a dataset or a file, a space say.
 * @param request what is downloaded is a file, where nobody says what it is
 */
export function itemOf({ type, fields, source, context = {} }: ItemEvent, request: boolean): Item | undefined {
  const named = text(fields.resource_id);
  const [, kindInUrl, idInUrl] =
    (type === undefined || named === undefined) && typeof fields.url === 'string' ? (inUrl.exec(fields.url) ?? []) : [];
  const kind = type ?? kindInUrl?.toLowerCase();
  if (kind !== 'dataset' && kind !== 'file' && (kind !== undefined || !request)) return undefined;
  const resource = named ?? idInUrl;
  const isDataset = kind === 'dataset';
  const file = isDataset ? undefined : (text(fields.file_id) ?? resource);
  const dataset = isDataset ? resource : text(fields.dataset_id);
  const id = dataset ?? file ?? '';
  if (id === '') return { id, file, facts: [] };
  // Anybody can send as a page, so what it says of a dataset is not kept: only what is known of it from elsewhere. Of
  // an id that may be made up nothing is kept at all.
  const isPage = isFromPage({ source, fields });
  if (isPage && Object.keys(context).length === 0) return { id, file, facts: [] };
  const said: Fields = isPage ? context : fields;
  const facts: [string, ItemFacts][] = [[id, factsOf(said, isDataset, dataset === undefined)]];
  const [space, name] = [text(said.space_id), text(said.space_name)];
  if (space !== undefined && name !== undefined) facts.push([space, { type: 'space', title: name }]);
  return { id, file, facts };
}

/** Assigned one by one: spreading them together takes longer than all the rest of an access. */
function factsOf(fields: Fields, isDataset: boolean, isFile: boolean): ItemFacts {
  const isOwn = isDataset || isFile;
  const facts: { -readonly [Name in keyof ItemFacts]: ItemFacts[Name] } = { type: isFile ? 'file' : 'dataset' };
  const title = text(isOwn ? fields.resource_name : fields.dataset_name);
  if (title !== undefined) facts.title = title.trim().replace(/\s+/g, ' ');
  const doi = text(fields.doi);
  if (doi !== undefined) facts.doi = doi.replace(/^(?:https?:\/\/(?:dx\.)?doi\.org\/|doi:)/i, '');
  const creators = list(fields.creators) ?? (isOwn ? list(fields.author_name) : undefined);
  if (creators !== undefined) facts.creators = creators;
  const owner = isOwn ? text(fields.author_id) : undefined;
  if (owner !== undefined) facts.owner = owner;
  const ownerName = owner === undefined ? undefined : text(fields.author_name);
  if (ownerName !== undefined) facts.ownerName = ownerName;
  const spaces = list(fields.space_ids) ?? list(fields.space_id);
  if (spaces !== undefined) facts.spaces = spaces;
  const collections = list(fields.collection_ids) ?? list(fields.collection_id);
  if (collections !== undefined) facts.collections = collections;
  return facts;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && notBlank.test(value) ? value.slice(0, maxLength).toWellFormed() : undefined;
}

function list(value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) {
    const one = text(value);
    return one === undefined ? undefined : [one];
  }
  const found = value.slice(0, maxListed).flatMap(one => text(one) ?? []);
  return found.length === 0 ? undefined : found;
}
