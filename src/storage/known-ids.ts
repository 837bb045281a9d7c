import type { Database } from './database.js';

export interface KnownIdsArguments {
  /** `day` is 20260315. */
  readonly events: readonly (readonly [day: number, id: string])[];
}

/** Those of these events that are in the local store, or that usage has as an access. */
function knownIds(database: Database, { events }: KnownIdsArguments): string[] {
  return database
    .rows<[string]>(
      `SELECT k.value ->> 1 FROM json_each(?) k WHERE
         EXISTS (SELECT 1 FROM events e WHERE e.id = k.value ->> 1)
         OR EXISTS (SELECT 1 FROM usage_accesses a WHERE a.day = k.value ->> 0 AND a.id = k.value ->> 1)
         OR EXISTS (SELECT 1 FROM usage_late l WHERE l.month = (k.value ->> 0) / 100 AND l.id = k.value ->> 1)`,
      JSON.stringify(events),
    )
    .map(([id]) => id);
}

export const knownIdReads = { knownIds };
