import { SetupError } from '../../errors.js';
import { type ResourceKind, resourceId, shortText } from '../resource.js';
import type { ClowderClient } from './client.js';
import { factsOf, isData, type Learnt, replyOf } from './reply.js';

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
  const facts = factsOf({
    kind,
    name: shortText(name),
    owner: isData(creator) ? resourceId(creator.id) : undefined,
    dataset: kind === 'file' ? resourceId(dataset_id) : undefined,
  });
  return { outcome: 'known', resources: [[id, facts]], api: 2 };
}
