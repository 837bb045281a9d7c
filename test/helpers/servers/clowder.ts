import { type Asked, type Reply, StandIn } from './stand-in.js';

export interface ClowderFile {
  readonly name: string;
  readonly dataset?: string;
  readonly isPrivate?: boolean;
}

export interface ClowderDataset {
  readonly name: string;
  readonly spaces?: readonly string[];
  readonly collections?: readonly string[];
}

/** What a Clowder has. */
export interface ClowderContent {
  readonly files?: Readonly<Record<string, ClowderFile>>;
  readonly datasets?: Readonly<Record<string, ClowderDataset>>;
  readonly spaces?: Readonly<Record<string, string>>;
  readonly collections?: Readonly<Record<string, string>>;
  /** The key of the server's administrator: only with it are private resources, and the report, there. */
  readonly adminKey?: string;
}

const owner = '5a0000000000000000000001';
const html = { 'content-type': 'text/html; charset=utf-8' };
const text = { 'content-type': 'text/plain; charset=utf-8' };
const page = '<!DOCTYPE html><html><body>Clowder</body></html>';

/** An id of Clowder's: 24 hex digits. */
export function clowderId(prefix: string, number = 0): string {
  return `${prefix}${number.toString(16)}`.padStart(24, '6');
}

/** Clowder 1.23's answers to questions about its resources, to the letter. */
export function clowder1(content: ClowderContent): StandIn {
  const notAuthorized: Reply = { status: 401, body: 'Not authorized', headers: text };
  const json = (value: unknown): Reply => ({ status: 200, body: JSON.stringify(value) });
  return new StandIn(asked => {
    const { files = {}, datasets = {}, spaces = {}, collections = {}, adminKey } = content;
    const isAdmin = adminKey !== undefined && asked.headers['x-api-key'] === adminKey;
    const [, kind = '', id = '', what = ''] = /^\/api\/(\w+)\/(\w+)(?:\/(\w+))?$/.exec(asked.url.pathname) ?? [];
    switch (`${kind} ${what}`) {
      case 'files metadata': {
        const file = files[id];
        if (file === undefined) return { status: 404, body: `File with id ${id} not found`, headers: text };
        return file.isPrivate && !isAdmin ? notAuthorized : json(metadata(id, file));
      }
      case 'datasets ': {
        const dataset = datasets[id];
        if (dataset === undefined) return { status: 404, body: 'Dataset not found', headers: text };
        const { name, spaces: ids = [] } = dataset;
        const created = 'Tue Mar 01 10:00:00 UTC 2022';
        const rest = { description: '', created, thumbnail: 'None', authorId: owner, spaces: ids };
        return json({ id, name, ...rest, resource_type: 'dataset' });
      }
      case 'datasets files':
        return json(
          Object.entries(files)
            .filter(([, { dataset, isPrivate = false }]) => dataset === id && (!isPrivate || isAdmin))
            .map(([file, { name }]) => ({ id: file, filename: name, contentType: 'text/csv', size: '123' })),
        );
      case 'spaces ':
        return spaces[id] === undefined
          ? { status: 404, body: 'Space not found', headers: text }
          : json({ id, name: spaces[id], description: '', created: '' });
      case 'collections ':
        return collections[id] === undefined
          ? { status: 400, body: 'collection not found', headers: text }
          : json({ id, name: collections[id], root_flag: 'true', datasetCount: '1', spaces: 'List()' });
      case 'reports files':
        return isAdmin
          ? { status: 200, body: report(content), headers: { 'content-type': 'text/csv' } }
          : notAuthorized;
      default:
        return { status: 404, body: page, headers: html };
    }
  });
}

function metadata(id: string, { name }: ClowderFile): Record<string, string> {
  const views = { status: 'PROCESSED', views: '3', downloads: '1', path: '/' };
  const created = { 'content-type': 'text/csv', 'date-created': 'Tue Mar 01 10:00:00 UTC 2022', size: '123' };
  return { id, filename: name, filedescription: '', ...created, thumbnail: '', authorId: owner, ...views };
}

function report({ files = {}, datasets = {} }: ClowderContent): string {
  const rows = Object.entries(files).map(([id, { name, dataset }]) => {
    const { spaces = [], collections = [] } = datasets[dataset ?? ''] ?? {};
    const seen = '2024-01-01T00:00:00.000Z,3,1,2024-01-02T00:00:00.000Z,';
    const parents = [dataset ?? '', collections.join(', '), spaces.join(', ')].map(one => `"${one}"`).join();
    return `"file","${id}","${name}","Ann, "the first" Author","${owner}",1,${seen},"uploads/1",${parents},"PROCESSED"\n`;
  });
  const header =
    'type,id,name,owner,owner_id,size_kb,uploaded,views,downloads,last_viewed,last_downloaded,location,parent_datasets,parent_collections,parent_spaces,status\n';
  return header + rows.join('');
}

/** Clowder 2.0's: FastAPI below /api, and one page for every other address. */
export function clowder2(content: ClowderContent): StandIn {
  const detail = (status: number, words: string): Reply => ({ status, body: JSON.stringify({ detail: words }) });
  const creator = { id: owner, email: 'ann@example.org', first_name: 'Ann', last_name: 'Author' };
  return new StandIn((asked: Asked) => {
    const { files = {}, datasets = {}, adminKey } = content;
    const { pathname } = asked.url;
    if (!pathname.startsWith('/api')) return { status: 200, body: page, headers: html };
    const [, isPublic, kind, id = '', what] =
      /^\/api\/v2\/(public_)?(files|datasets)\/(\w+)(?:\/(summary|files))?$/.exec(pathname) ?? [];
    if (kind === undefined || (kind === 'files') !== (what === 'summary')) return detail(404, 'Not Found');
    const isKnown = adminKey !== undefined && asked.headers['x-api-key'] === adminKey;
    if (isPublic === undefined && !isKnown) {
      return { ...detail(401, 'Not authenticated'), headers: { 'www-authenticate': 'Bearer' } };
    }
    const there = kind === 'files' ? files[id] : datasets[id];
    if (there === undefined) return detail(404, `${kind} ${id} not found`);
    if (what === 'files') {
      const inside = Object.entries(files).filter(([, file]) => file.dataset === id && (isKnown || !file.isPrivate));
      const data = inside.map(([file, { name }]) => ({ id: file, name, status: 'PUBLIC', creator, dataset_id: id }));
      const metadata = { total_count: data.length, skip: 0, limit: Number(asked.url.searchParams.get('limit') ?? 10) };
      return { status: 200, body: JSON.stringify({ metadata, data: data.slice(0, metadata.limit) }) };
    }
    if ('isPrivate' in there && there.isPrivate && !isKnown) return detail(403, 'User does not have access');
    const { name } = there;
    const parent = 'dataset' in there ? { dataset_id: there.dataset, folder_id: null, bytes: 123 } : {};
    return { status: 200, body: JSON.stringify({ id, name, status: 'PUBLIC', creator, ...parent, downloads: 1 }) };
  });
}
