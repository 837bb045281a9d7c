import { SetupError } from '../../errors.js';
import { type Facts, type ResourceKind, resourceId, shortText } from '../resource.js';
import type { ClowderClient } from './client.js';
import { type Data, isData, type Learnt, replyOf } from './reply.js';

/** With a key, and what everybody may see. Clowder 2 has neither collections nor spaces. */
const paths: Partial<Record<ResourceKind, (id: string, prefix: string) => string>> = {
  file: (id, prefix) => `/api/v2/${prefix}files/${id}/summary`,
  dataset: (id, prefix) => `/api/v2/${prefix}datasets/${id}`,
};

/**
 * One resource; a file's answer names its dataset.
 * @throws SetupError when Clowder refuses the key
 */
export async function askClowder2(
  client: ClowderClient,
  kind: ResourceKind,
  id: string,
  signal: AbortSignal,
): Promise<Learnt> {
  const path = paths[kind]?.(id, client.hasKey ? '' : 'public_');
  if (path === undefined) return { outcome: 'missing', resources: [] };
  const answer = await client.get(path, signal);
  const reply = replyOf(answer, id);
  if (reply.data === undefined) {
    // What may not be seen is a 403 there, so that a 401 is about the key.
    if (answer.status === 401 && client.hasKey && reply.api === 2)
      throw new SetupError('Clowder refuses the key: check CLOWDER_API_KEY');
    return reply;
  }
  const { name, creator, dataset_id } = reply.data;
  const facts: Facts = {
    kind,
    name: shortText(name),
    owner: ownerOf(creator),
    dataset: kind === 'file' ? resourceId(dataset_id) : undefined,
  };
  return { outcome: 'known', resources: [[id, facts]], api: 2 };
}

/** Files of one dataset that are listed. */
const maxFiles = 1_000;

/** The files of a dataset, those in its folders too. Nothing where they may not be seen. */
export async function filesOfDataset2(
  client: ClowderClient,
  dataset: string,
  signal: AbortSignal,
): Promise<readonly (readonly [id: string, facts: Facts])[]> {
  const prefix = client.hasKey ? '' : 'public_';
  const { status, json } = await client.get(`/api/v2/${prefix}datasets/${dataset}/files?limit=${maxFiles}`, signal);
  const files = status === 200 && isData(json) && Array.isArray(json.data) ? json.data : [];
  return files.slice(0, maxFiles).flatMap((file: unknown) => {
    const id = isData(file) ? resourceId(file.id) : undefined;
    return !isData(file) || id === undefined ? [] : [[id, fileFacts(file, dataset)] as const];
  });
}

function fileFacts({ name, creator }: Data, dataset: string): Facts {
  return { kind: 'file', name: shortText(name), owner: ownerOf(creator), dataset };
}

/** The id of a person, and nothing else. */
function ownerOf(creator: unknown): string | undefined {
  return isData(creator) ? resourceId(creator.id) : undefined;
}
