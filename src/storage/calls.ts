import { availabilityReads, availabilityWrites } from './availability.js';
import { capacityWrites } from './capacity.js';
import { checkpointReads, checkpointWrites } from './checkpoints.js';
import type { Database } from './database.js';
import { deadLetterReads, deadLetterWrites } from './dead-letters.js';
import { erasureReads, erasureWrites } from './erasures.js';
import { eventReads, eventWrites } from './events.js';
import { givenIdWrites } from './given-ids.js';
import { highWaterWrites } from './high-water.js';
import { keyValueReads, keyValueWrites } from './key-values.js';
import { knownIdReads } from './known-ids.js';
import { ledgerReads, ledgerWrites } from './ledger.js';
import { lossWrites } from './losses.js';
import { outboxReads, outboxWrites } from './outbox.js';
import { peopleReads, peopleWrites } from './people.js';
import { noteReads, noteWrites } from './people-notes.js';
import { publishWrites } from './publish.js';
import { queueLedgerReads, queueLedgerWrites } from './queue-ledgers.js';
import { queueReads, queueWrites } from './queues.js';
import { seriesReads } from './series.js';
import { trafficReads, trafficWrites } from './traffic.js';
import type { Transaction } from './transaction.js';
import { unnamedWrites } from './unnamed-messages.js';
import { usageAccessReads, usageAccessWrites } from './usage-accesses.js';
import { usageAnnouncementReads, usageAnnouncementWrites } from './usage-announcements.js';
import { usageAuditReads, usageAuditWrites } from './usage-audit.js';
import { usageDayReads, usageDayWrites } from './usage-days.js';
import { usageGapReads, usageGapWrites } from './usage-gaps.js';
import { usageItemWrites } from './usage-items.js';
import { usageMonthReads, usageMonthWrites } from './usage-months.js';
import { usageReopeningReads, usageReopeningWrites } from './usage-reopening.js';
import { usageReportReads } from './usage-report.js';

/**
 * Everything that storage can do. `writes` run on the writer's thread, in its transactions: all that delivery depends
 * on, even where it only looks (`take`, `getValues`). `reads` run on the reader's thread: what people ask, which may
 * take a while and then delays nobody but the next who asks.
 */
export const writes = {
  ...publishWrites,
  ...queueWrites,
  ...deadLetterWrites,
  ...eventWrites,
  ...outboxWrites,
  ...keyValueWrites,
  ...givenIdWrites,
  ...unnamedWrites,
  ...checkpointWrites,
  ...ledgerWrites,
  ...queueLedgerWrites,
  ...capacityWrites,
  ...highWaterWrites,
  ...lossWrites,
  ...usageAccessWrites,
  ...usageDayWrites,
  ...usageAnnouncementWrites,
  ...usageMonthWrites,
  ...usageItemWrites,
  ...availabilityWrites,
  ...trafficWrites,
  ...usageReopeningWrites,
  ...usageAuditWrites,
  ...usageGapWrites,
  ...erasureWrites,
  ...peopleWrites,
  ...noteWrites,
};

export const reads = {
  ...queueReads,
  ...deadLetterReads,
  ...eventReads,
  ...outboxReads,
  ...keyValueReads,
  ...checkpointReads,
  ...seriesReads,
  ...ledgerReads,
  ...queueLedgerReads,
  ...usageAccessReads,
  ...usageDayReads,
  ...usageAnnouncementReads,
  ...usageMonthReads,
  ...usageReopeningReads,
  ...knownIdReads,
  ...usageReportReads,
  ...availabilityReads,
  ...trafficReads,
  ...usageAuditReads,
  ...usageGapReads,
  ...erasureReads,
  ...peopleReads,
  ...noteReads,
};

export type WriteName = keyof typeof writes;
export type ReadName = keyof typeof reads;

type Arguments<Operation> = Operation extends (context: never, ...rest: infer Rest) => unknown ? Rest : never;
export type WriteArguments<Name extends WriteName> = Arguments<(typeof writes)[Name]>;
export type ReadArguments<Name extends ReadName> = Arguments<(typeof reads)[Name]>;
export type WriteResult<Name extends WriteName> = ReturnType<(typeof writes)[Name]>;
export type ReadResult<Name extends ReadName> = ReturnType<(typeof reads)[Name]>;

/** One operation with its arguments; several make a job, which happens whole or not at all. */
export type WriteCall = { [Name in WriteName]: readonly [name: Name, ...args: WriteArguments<Name>] }[WriteName];

/** Who runs them, on whichever thread. */
export interface Calls {
  write<Name extends WriteName>(name: Name, ...args: WriteArguments<Name>): Promise<WriteResult<Name>>;
  read<Name extends ReadName>(name: Name, ...args: ReadArguments<Name>): Promise<ReadResult<Name>>;
}

export function runWrite(transaction: Transaction, [name, args]: readonly [WriteName, unknown?]): unknown {
  return (writes[name] as (transaction: Transaction, args: unknown) => unknown)(transaction, args);
}

export function runRead(database: Database, name: ReadName, args: unknown): unknown {
  return (reads[name] as (database: Database, args: unknown) => unknown)(database, args);
}
