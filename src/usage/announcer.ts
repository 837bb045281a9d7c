import type { Clock } from '../clock.js';
import type { CategoryFilter } from '../events/filter.js';
import type { Message } from '../events/message.js';
import { usageFigures } from '../events/usage-events.js';
import type { Calls } from '../storage/calls.js';
import { messagesOf } from './announcement.js';

export interface UsageAnnouncerOptions {
  readonly storage: Calls;
  readonly publish: (messages: readonly Message[]) => Promise<unknown>;
  /** For the ids of the events: see events/identity.ts. */
  readonly idSecret: string;
  readonly clock: Clock;
}

/** Datasets, people and machines apart, that are written down and published together: six events each. */
const together = 200;

/**
 * Makes events of what has changed in the counts. The differences are written down together with what has been
 * announced in all, then published, then struck out: after a crash in between they are published once more, as the same
 * events.
 */
export class UsageAnnouncer {
  readonly #options: UsageAnnouncerOptions;

  constructor(options: UsageAnnouncerOptions) {
    this.#options = options;
  }

  /** @throws TransientError when the broker does not take them: they are kept, and go first next time */
  readonly announce = async (signal: AbortSignal): Promise<void> => {
    const { storage } = this.#options;
    do await this.#publish(signal);
    while (!signal.aborted && (await storage.write('announceUsage', { limit: together })));
  };

  async #publish(signal: AbortSignal): Promise<void> {
    const { storage, publish, idSecret, clock } = this.#options;
    while (!signal.aborted) {
      const waiting = await storage.read('usageAnnouncements', { limit: together });
      const last = waiting.at(-1);
      if (last === undefined) return;
      await publish(waiting.flatMap(one => messagesOf(one, idSecret, clock.now())));
      await storage.write('forgetUsageAnnouncements', { upTo: last.number });
    }
  }
}

/** Whether a sink with this filter takes any of it. */
export function isTaken(filter: CategoryFilter): boolean {
  return [...usageFigures, 'left_out'].some(type => filter.matches({ category: 'usage', type }));
}
