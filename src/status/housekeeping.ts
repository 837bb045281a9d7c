import { BelievedTime } from '../believed-time.js';
import type { Broker } from '../broker/broker.js';
import type { Clock } from '../clock.js';
import { describe } from '../errors.js';
import type { Log } from '../log.js';
import { repeat } from '../repeat.js';
import type { DeadLetterAdmin } from './dead-letter-admin.js';

export interface DeadLetterLimits {
  readonly sinks: readonly string[];
  /** Dead letters older than this are removed, ms. */
  readonly retentionMs: number;
  /** With more dead letters than this of one sink, a person should look. */
  readonly alarm: number;
}

export interface HousekeepingOptions {
  /** As they are configured now. */
  readonly limits: () => DeadLetterLimits;
  readonly broker: Broker;
  readonly deadLetterAdmin: DeadLetterAdmin;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** From the start to the first round, and between rounds, ms. */
const firstMs = 60_000;
const everyMs = 300_000;

/**
 * Every five minutes, removes dead letters that are past their retention, and logs when dead letters pile up: once for
 * each change. Resolves when the signal aborts. Never rejects.
 */
export async function runHousekeeping(options: HousekeepingOptions): Promise<void> {
  const { clock, log, signal } = options;
  const known = new Map<string, string>();
  /** True the first time, and whenever the value has changed. */
  const changed = (key: string, value: string): boolean => {
    if (known.get(key) === value) return false;
    known.set(key, value);
    return true;
  };
  const believed = new BelievedTime(clock);
  await clock.sleep(firstMs, signal);
  const onError = (error: unknown): void => log.warn({ reason: describe(error) }, 'housekeeping.delayed');
  await repeat(() => expire(options, believed.now(), changed), { clock, signal, everyMs, onError });
}

type Changed = (key: string, value: string) => boolean;

async function expire(options: HousekeepingOptions, now: number, changed: Changed): Promise<void> {
  const { broker, deadLetterAdmin, log } = options;
  const { sinks, retentionMs, alarm } = options.limits();
  for (const sink of sinks) {
    const removed = await deadLetterAdmin.expire(sink, now - retentionMs);
    if (removed > 0) log.warn({ sink, removed, days: Math.round(retentionMs / 86_400_000) }, 'dead-letters.expired');
    const count = await broker.deadLetters.count(sink);
    const many = count > alarm;
    if (changed(`dead ${sink}`, String(many)) && many) log.error({ sink, count, alarm }, 'dead-letters.many');
  }
}
