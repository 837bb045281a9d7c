import { type Facts, type ResourceKind, resourceId, resourceIds, shortText } from '../resource.js';
import type { ClowderClient } from './client.js';
import { filesInReport } from './files-report.js';
import { isData, type Learnt, replyOf } from './reply.js';

const paths: Readonly<Record<ResourceKind, (id: string) => string>> = {
  // Not /api/files/ID, which is the file itself, and counts as a download.
  file: id => `/api/files/${id}/metadata`,
  dataset: id => `/api/datasets/${id}`,
  collection: id => `/api/collections/${id}`,
  space: id => `/api/spaces/${id}`,
};

/** Files of one dataset that are listed. */
const maxFiles = 5_000;
/** The report goes through every file that Clowder has. */
const reportTimeoutMs = 120_000;
const maxReportBytes = 16 * 1024 * 1024;

/** One resource. A file's answer lacks its dataset: no question of this API leads there. */
export async function askClowder1(
  client: ClowderClient,
  kind: ResourceKind,
  id: string,
  signal: AbortSignal,
): Promise<Learnt> {
  const reply = replyOf(await client.get(paths[kind](id), signal), id);
  if (reply.data === undefined) return reply;
  const { name, filename, authorId, spaces } = reply.data;
  const facts: Facts = {
    kind,
    name: shortText(kind === 'file' ? filename : name),
    owner: resourceId(authorId),
    // A list for a dataset; for a collection, a list as Scala prints it.
    spaces: kind === 'dataset' || kind === 'collection' ? resourceIds(spaces) : undefined,
  };
  return { outcome: 'known', resources: [[id, facts]], api: 1 };
}

/** The files of a dataset, those in its folders too. Nothing where they may not be seen. */
export async function filesOfDataset1(
  client: ClowderClient,
  dataset: string,
  signal: AbortSignal,
): Promise<readonly (readonly [id: string, facts: Facts])[]> {
  const { status, json } = await client.get(`/api/datasets/${dataset}/files?max=${maxFiles}`, signal);
  if (status !== 200 || !Array.isArray(json)) return [];
  return json.slice(0, maxFiles).flatMap(file => {
    const id = isData(file) ? resourceId(file.id) : undefined;
    if (id === undefined) return [];
    return [[id, { kind: 'file', name: shortText(file.filename), dataset }] as const];
  });
}

/** Every file with its dataset, collections and spaces: for a key of a server's administrator. Nothing for others. */
export async function filesFromReport(
  client: ClowderClient,
  signal: AbortSignal,
): Promise<readonly (readonly [id: string, facts: Facts])[]> {
  const answer = await client.get('/api/reports/metrics/files', signal, {
    timeoutMs: reportTimeoutMs,
    maxBytes: maxReportBytes,
  });
  return answer.status === 200 ? filesInReport(answer.text) : [];
}
