/**
 * A step of the migrations (schema.ts).
 *
 * - usage_accesses: `file` is the file that was asked for, `login` 1 when the user is known by name, `publications` how
 *   often Clowder says of such an access, `duration` how long it took (ms; 0 = not known): for the audit.
 * - usage_audits: what was compared of a day (usage-audit.ts), as JSON. `revision` is that of usage_days; it plays no
 *   part once the month is closed.
 * - usage_gaps: hours (epoch ms) in which a source may not have been heard, by reason and origin (a log, say): for how
 *   long (ms), and how much of it is known to be missing.
 */
export const usageAuditStep = `
  ALTER TABLE usage_accesses ADD COLUMN file TEXT;
  ALTER TABLE usage_accesses ADD COLUMN login INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE usage_accesses ADD COLUMN publications INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE usage_accesses ADD COLUMN duration INTEGER NOT NULL DEFAULT 0;
  CREATE TABLE usage_audits (
    day INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL,
    audit TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE usage_gaps (
    hour INTEGER NOT NULL,
    reason TEXT NOT NULL,
    origin TEXT NOT NULL,
    ms INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (hour, reason, origin)
  ) WITHOUT ROWID;
`;

/**
 * How many different users made requests, on the day that had most of them: what is shown of their downloads depends on
 * it. Of months that were closed before it is not known, and counts as nobody.
 */
export const usageRequestUsersStep = `
  ALTER TABLE usage_counts ADD COLUMN request_users INTEGER NOT NULL DEFAULT 0;
  UPDATE usage_days SET counted = 0;
`;

/** What a day or a closed month was counted from: sources apart by spaces, most first; '' = not known, or nothing. */
export const usageSourceStep = `
  ALTER TABLE usage_days ADD COLUMN source TEXT NOT NULL DEFAULT '';
  ALTER TABLE usage_months ADD COLUMN source TEXT NOT NULL DEFAULT '';
  UPDATE usage_days SET counted = 0;
`;
