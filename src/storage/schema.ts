import { availabilityReplacedStep, availabilityStep } from './availability-schema.js';
import { arrivalIndexStep, eventIndexStep } from './events-schema.js';
import { peopleStep } from './people-schema.js';
import { trafficStep } from './traffic-schema.js';
import { usageAuditStep, usageRequestUsersStep, usageSourceStep } from './usage-schema.js';

/**
 * Forward migrations: the file's `user_version` is how many of them it has had. Never change one that was released; add
 * one.
 *
 * - messages: a body is stored once, whatever the number of queues. `target` NULL = for every queue, else for that
 *   queue alone. AUTOINCREMENT, because a number below a queue's cursor must never be used again.
 * - queues: everything up to `cursor` is settled; `settled` holds what is settled beyond it, until the cursor passes.
 * - ledger: `hour` 0 is the total since the beginning, the other rows are hours (epoch ms).
 * - given_ids: ids that clients gave, with the hash of the text as it was sent; `n` is the order of arrival.
 * - unnamed_messages: ids of messages from RabbitMQ that bring neither an id nor a time, until they are settled;
 *   `acknowledged` 1 = that was sent, and RabbitMQ may not have it yet.
 * - message_numbers, queue_ledgers, queue_ledger_hours, settled_messages: the ledger of RabbitMQ's queues
 *   (queue-ledgers.ts).
 * - outbox: `number` counts the messages of one target, and stays with the message however often it is published.
 * - usage_accesses: what may count as usage in open months, and second clicks of the month before. `day` is 20260315,
 *   `machine`, `request` and `by_address` 0 or 1, `part` the file of an answer with 206; `reason`: why it does not
 *   count. The day is in the key so that a day lies together; an event has one time, so that its id alone decides.
 * - usage_days: `revision` changes with the accesses of a day; its counts, and its `source`, are those of `counted`.
 * - usage_counts, usage_left_out: what a day (20260315), or a closed month (20260300), comes to. `country` '' = all.
 * - usage_months: when an access of a month first counted here, and when the month was closed, epoch ms; from what a
 *   closed one was counted.
 * - usage_late: accesses that came after that.
 * - usage_reopened: closed months that are counted anew beside their counts; `begun`: then, or when something came
 *   for them last, epoch ms.
 * - usage_items: what is known of a dataset, or of a file without one, as JSON.
 * - usage_announced: what the events of the category `usage` have said of a day or closed month, together;
 *   `machine` -1 = left out, and `item` is the reason. usage_announced_periods: at which revision of the day.
 * - usage_announcements: what they are still to say. AUTOINCREMENT, because the number makes the ids of the events.
 */
export const migrationSteps: readonly string[] = [
  `
  CREATE TABLE messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    target INTEGER,
    id TEXT NOT NULL,
    source TEXT NOT NULL,
    received INTEGER NOT NULL,
    timestamp INTEGER,
    body TEXT NOT NULL
  );
  CREATE TABLE queues (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    sink TEXT NOT NULL,
    cursor INTEGER NOT NULL
  );
  CREATE TABLE settled (queue INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (queue, seq)) WITHOUT ROWID;
  CREATE TABLE ledger (
    sink TEXT NOT NULL,
    hour INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    filtered INTEGER NOT NULL,
    dead INTEGER NOT NULL,
    PRIMARY KEY (sink, hour)
  ) WITHOUT ROWID;
  CREATE TABLE dead_letters (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    sink TEXT NOT NULL,
    id TEXT NOT NULL,
    reason TEXT NOT NULL,
    fault TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    dead_at INTEGER NOT NULL,
    source TEXT NOT NULL,
    timestamp INTEGER,
    body TEXT NOT NULL
  );
  CREATE INDEX dead_letters_by_sink ON dead_letters (sink, key);
  CREATE TABLE events (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL,
    category TEXT NOT NULL,
    type TEXT,
    source TEXT NOT NULL,
    received INTEGER NOT NULL,
    size INTEGER NOT NULL,
    body TEXT NOT NULL
  );
  CREATE INDEX events_by_time ON events (created);
  CREATE INDEX events_by_category ON events (category, created);
  CREATE INDEX events_by_type ON events (category, type, created);
  CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    target TEXT,
    id TEXT NOT NULL,
    source TEXT NOT NULL,
    received INTEGER NOT NULL,
    timestamp INTEGER,
    size INTEGER NOT NULL,
    body TEXT NOT NULL
  );
  CREATE TABLE memories (
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (namespace, key)
  ) WITHOUT ROWID;
  CREATE INDEX memories_by_expiry ON memories (expires);
  CREATE TABLE checkpoints (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  INSERT INTO counters VALUES ('event_bytes', 0), ('outbox_bytes', 0), ('outbox_count', 0);
  `,
  `
  CREATE TABLE given_ids (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    hash TEXT NOT NULL,
    stamp INTEGER,
    at INTEGER NOT NULL
  );
  CREATE TABLE unnamed_messages (
    queue TEXT NOT NULL,
    hash TEXT NOT NULL,
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (queue, id)
  ) WITHOUT ROWID;
  CREATE INDEX unnamed_by_hash ON unnamed_messages (queue, hash, id);
  CREATE INDEX unnamed_by_time ON unnamed_messages (at);
  `,
  `
  ALTER TABLE ledger ADD COLUMN too_old INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE ledger ADD COLUMN erased INTEGER NOT NULL DEFAULT 0;
  `,
  arrivalIndexStep,
  `
  CREATE TABLE message_numbers (target TEXT PRIMARY KEY, below INTEGER NOT NULL) WITHOUT ROWID;
  ALTER TABLE outbox ADD COLUMN number INTEGER;
  CREATE TABLE queue_ledgers (sink TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE queue_ledger_hours (
    sink TEXT NOT NULL,
    hour INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    duplicates INTEGER NOT NULL,
    filtered INTEGER NOT NULL,
    too_old INTEGER NOT NULL,
    erased INTEGER NOT NULL,
    dead INTEGER NOT NULL,
    PRIMARY KEY (sink, hour)
  ) WITHOUT ROWID;
  CREATE TABLE settled_messages (
    sink TEXT NOT NULL,
    up_to INTEGER NOT NULL,
    ids TEXT NOT NULL,
    PRIMARY KEY (sink, up_to)
  ) WITHOUT ROWID;
  `,
  // Bytes of bodies, for their limits: of the queues together, and of each sink's dead letters.
  `
  INSERT OR REPLACE INTO counters SELECT 'message_bytes', CAST(total(octet_length(body)) AS INTEGER) FROM messages;
  INSERT OR REPLACE INTO counters
    SELECT 'dead_letter_bytes ' || sink, CAST(total(octet_length(body)) AS INTEGER) FROM dead_letters GROUP BY sink;
  CREATE TRIGGER IF NOT EXISTS dead_letter_kept AFTER INSERT ON dead_letters BEGIN
    INSERT INTO counters VALUES ('dead_letter_bytes ' || new.sink, octet_length(new.body))
      ON CONFLICT (name) DO UPDATE SET value = value + excluded.value;
  END;
  CREATE TRIGGER IF NOT EXISTS dead_letter_removed AFTER DELETE ON dead_letters BEGIN
    UPDATE counters SET value = value - octet_length(old.body) WHERE name = 'dead_letter_bytes ' || old.sink;
  END;
  `,
  `
  ALTER TABLE unnamed_messages ADD COLUMN acknowledged INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX unnamed_acknowledged ON unnamed_messages (queue, id) WHERE acknowledged = 1;
  CREATE INDEX outbox_by_target ON outbox (target, seq);
  `,
  `
  CREATE TABLE usage_accesses (
    day INTEGER NOT NULL,
    id TEXT NOT NULL,
    time INTEGER NOT NULL,
    reason TEXT,
    source TEXT NOT NULL,
    item TEXT NOT NULL,
    machine INTEGER NOT NULL,
    request INTEGER NOT NULL,
    part INTEGER,
    user INTEGER NOT NULL,
    by_address INTEGER NOT NULL,
    session INTEGER NOT NULL,
    url INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    country TEXT,
    PRIMARY KEY (day, id)
  ) WITHOUT ROWID;
  CREATE TABLE usage_days (
    day INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL,
    counted INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE usage_counts (
    period INTEGER NOT NULL,
    item TEXT NOT NULL,
    machine INTEGER NOT NULL,
    country TEXT NOT NULL,
    investigations INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    unique_investigations INTEGER NOT NULL,
    unique_requests INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    request_bytes INTEGER NOT NULL,
    users INTEGER NOT NULL,
    PRIMARY KEY (period, item, machine, country)
  ) WITHOUT ROWID;
  CREATE INDEX usage_counts_by_item ON usage_counts (item, period);
  CREATE TABLE usage_left_out (
    period INTEGER NOT NULL,
    reason TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (period, reason)
  ) WITHOUT ROWID;
  CREATE TABLE usage_months (month INTEGER PRIMARY KEY, opened INTEGER NOT NULL, closed INTEGER) WITHOUT ROWID;
  CREATE TABLE usage_late (
    month INTEGER NOT NULL,
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (month, id)
  ) WITHOUT ROWID;
  CREATE TABLE usage_items (item TEXT PRIMARY KEY, at INTEGER NOT NULL, facts TEXT NOT NULL) WITHOUT ROWID;
  `,
  availabilityStep,
  // Some accesses are of events that usage alone gets.
  'ALTER TABLE usage_accesses ADD COLUMN stored INTEGER NOT NULL DEFAULT 1;',
  'CREATE TABLE usage_reopened (month INTEGER PRIMARY KEY, begun INTEGER NOT NULL) WITHOUT ROWID;',
  `
  CREATE TABLE usage_announced_periods (period INTEGER PRIMARY KEY, announced INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE usage_announced (
    period INTEGER NOT NULL,
    item TEXT NOT NULL,
    machine INTEGER NOT NULL,
    investigations INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    unique_investigations INTEGER NOT NULL,
    unique_requests INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    request_bytes INTEGER NOT NULL,
    PRIMARY KEY (period, item, machine)
  ) WITHOUT ROWID;
  CREATE TABLE usage_announcements (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    period INTEGER NOT NULL,
    item TEXT NOT NULL,
    machine INTEGER NOT NULL,
    investigations INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    unique_investigations INTEGER NOT NULL,
    unique_requests INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    request_bytes INTEGER NOT NULL,
    facts TEXT,
    space TEXT
  );
  `,
  usageAuditStep,
  trafficStep,
  peopleStep,
  usageSourceStep,
  usageRequestUsersStep,
  eventIndexStep,
  availabilityReplacedStep,
];
