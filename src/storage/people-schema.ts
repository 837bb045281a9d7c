/**
 * A step of the migrations (schema.ts).
 *
 * - erased_people: keyed hashes of what names the people who were erased (people/suppression.ts), and since when, epoch
 *   ms. `secret` is a hash of the secret that keys it: with another, nobody would be recognised.
 * - erasures: one row an erasure that was asked for. `people` is what names them, as JSON, until everything is done,
 *   and NULL from then on; `state` is its receipt, as JSON.
 */
export const peopleStep = `
  CREATE TABLE erased_people (
    hash TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    secret TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE erasures (
    id TEXT PRIMARY KEY,
    asked INTEGER NOT NULL,
    people TEXT,
    state TEXT NOT NULL
  ) WITHOUT ROWID;
`;
