import type { Broker } from '../broker/broker.js';
import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import type { Log } from '../log.js';
import type { LedgerReport } from '../storage/ledger-report.js';
import type { DeadLetterAdmin } from './dead-letter-admin.js';

export interface HousekeepingOptions {
  readonly sinks: readonly string[];
  readonly broker: Broker;
  readonly deadLetterAdmin: DeadLetterAdmin;
  readonly ledger: () => Promise<LedgerReport>;
  /** Dead letters older than this are removed, ms. */
  readonly retentionMs: number;
  /** More dead letters of one sink than this are an error, not an accident. */
  readonly alarm: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

const everyMs = 300_000;

/**
 * Looks after what nobody asks for: every five minutes it removes dead letters past their retention, and says in the log, once for each change,
 * when a ledger does not balance or dead letters pile up. Resolves when the signal aborts. Never rejects.
 */
export async function runHousekeeping(options: HousekeepingOptions): Promise<void> {
  const { clock, log, signal } = options;
  const known = new Map<string, string>();
  /** True the first time, and whenever what is to be said has changed. */
  const fresh = (key: string, said: string): boolean => {
    if (known.get(key) === said) return false;
    known.set(key, said);
    return true;
  };
  await clock.sleep(60_000, signal);
  while (!signal.aborted) {
    try {
      await audit(options, fresh);
      await expire(options, fresh);
    } catch (error) {
      log.warn({ reason: describe(error) }, 'housekeeping.delayed');
    }
    await clock.sleep(everyMs, signal);
  }
}

async function audit(
  { ledger, log }: HousekeepingOptions,
  fresh: (key: string, said: string) => boolean,
): Promise<void> {
  for (const { sink, difference } of (await ledger()).sinks) {
    if (fresh(`ledger ${sink}`, String(difference)) && difference !== 0)
      log.error({ sink, difference }, 'ledger.unbalanced');
  }
}

async function expire(options: HousekeepingOptions, fresh: (key: string, said: string) => boolean): Promise<void> {
  const { sinks, broker, deadLetterAdmin, retentionMs, alarm, clock, log } = options;
  for (const sink of sinks) {
    const removed = await deadLetterAdmin.expire(sink, clock.now() - retentionMs);
    if (removed > 0) log.warn({ sink, removed, days: Math.round(retentionMs / 86_400_000) }, 'dead-letters.expired');
    const count = await broker.deadLetters.count(sink);
    const many = count > alarm;
    if (fresh(`dead ${sink}`, String(many)) && many) log.error({ sink, count, alarm }, 'dead-letters.many');
  }
}
