import type { Clock } from '../../clock.js';
import type { Outgoing } from '../../outgoing.js';
import { FolderStore } from './folder.js';
import { type S3Address, S3Store } from './s3.js';
import type { ArchiveStore } from './store.js';

export interface ArchiveConfig {
  readonly place: { readonly folder: string } | { readonly s3: S3Address };
  /** How long after its end a day is sealed, ms. */
  readonly sealMs: number;
}

export interface StoreTools {
  readonly outgoing: Outgoing;
  readonly clock: Pick<Clock, 'now'>;
}

/** Nothing is asked and nothing made before its first use. */
export function openStore({ place }: Pick<ArchiveConfig, 'place'>, { outgoing, clock }: StoreTools): ArchiveStore {
  return 'folder' in place ? new FolderStore(place.folder) : new S3Store(place.s3, outgoing, clock);
}
