/**
 * Steps of the migrations (schema.ts).
 *
 * - availability_spans: what each service was, by `lane` (availability.ts); `start` and `until` in epoch ms.
 * - availability_corrections: what somebody said of a service, by the id of the event; `until` NULL = it goes on.
 *   `replaced_by`: the one that left nothing of declared maintenance.
 * - availability_times: response times of the runs of a day (20260315), as JSON: [[bucket, count], …].
 */
export const availabilityStep = `
  CREATE TABLE availability_spans (
    service TEXT NOT NULL,
    lane TEXT NOT NULL,
    start INTEGER NOT NULL,
    until INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    PRIMARY KEY (service, lane, start)
  ) WITHOUT ROWID;
  CREATE TABLE availability_corrections (
    id TEXT PRIMARY KEY,
    service TEXT NOT NULL,
    start INTEGER NOT NULL,
    until INTEGER,
    state TEXT NOT NULL,
    message TEXT,
    said_by TEXT,
    said_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX availability_corrections_by_service ON availability_corrections (service, start);
  CREATE TABLE availability_times (
    service TEXT NOT NULL,
    day INTEGER NOT NULL,
    counts TEXT NOT NULL,
    PRIMARY KEY (service, day)
  ) WITHOUT ROWID;
`;

export const availabilityReplacedStep = 'ALTER TABLE availability_corrections ADD COLUMN replaced_by TEXT;';
