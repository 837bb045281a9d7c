import type { Storage } from '../storage/storage.js';
import { type Resource, resourceKinds } from './resource.js';

/** Where resources are kept on the disk. */
export interface ResourceStore {
  /** Those written last. */
  newest(count: number): Promise<(readonly [id: string, resource: Resource])[]>;
  /** Only those that are there. */
  get(ids: readonly string[]): Promise<(readonly [id: string, resource: Resource])[]>;
  /** Durable when it resolves. */
  put(entries: readonly (readonly [id: string, resource: Resource])[]): Promise<void>;
}

const namespace = 'context';
/** What was not learnt again for this long is forgotten, ms. */
const keepMs = 30 * 86_400_000;
/** Resources on the disk, at most: about 40 MB. */
const maxStored = 100_000;
/** Resources written between two looks at how many there are. */
const trimEvery = 1_000;

/** Resources as key and value in the database of DATA_DIR. */
export function resourceStore(storage: Pick<Storage, 'keyValues' | 'write'>): ResourceStore {
  const keyValues = storage.keyValues(namespace);
  let untrimmed = trimEvery;
  return {
    newest: async count => (await storage.write('findValues', { namespace, limit: count })).flatMap(parsed),
    get: async ids => [...(await keyValues.get(ids))].flatMap(parsed),
    async put(entries) {
      const values = entries.map(([id, resource]) => [id, JSON.stringify(resource)] as const);
      await keyValues.put(values, keepMs);
      untrimmed += entries.length;
      if (untrimmed < trimEvery) return;
      untrimmed = 0;
      await storage.write('trimValues', { namespace, max: maxStored });
    },
  };
}

/** Nothing for what an older or a newer release wrote in another form. */
function parsed([id, text]: readonly [string, string]): (readonly [string, Resource])[] {
  try {
    const resource = JSON.parse(text) as Resource | null;
    return resourceKinds.some(kind => kind === resource?.kind) ? [[id, resource as Resource]] : [];
  } catch {
    return [];
  }
}
