/**
 * A step of the migrations (schema.ts).
 *
 * - traffic_windows: what the windows of an NGINX log came to, kept for good; `start` in epoch ms. Windows of less than
 *   a minute share a row, and `seconds` is how long they were.
 * - traffic_logs: from when until when each log is counted (epoch ms), and how long its windows are now.
 */
export const trafficStep = `
  CREATE TABLE traffic_windows (
    log TEXT NOT NULL,
    start INTEGER NOT NULL,
    seconds INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    visitors INTEGER NOT NULL,
    downloads INTEGER NOT NULL,
    failed_uploads INTEGER NOT NULL,
    PRIMARY KEY (log, start)
  ) WITHOUT ROWID;
  CREATE TABLE traffic_logs (
    log TEXT PRIMARY KEY,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    seconds INTEGER NOT NULL
  ) WITHOUT ROWID;
`;
