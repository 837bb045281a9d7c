import { skipUntilKey } from '../../storage/backup.js';
import type { KeyValues } from '../../storage/key-values.js';
import { limits } from './limits.js';

/** An event that is older is refused anyway; the hour more covers clocks that are ahead. */
const keepMs = limits.backdateMs + 3_600_000;

/**
 * Which events were sent: Google Analytics has no key by which it would know one again. Durable, of this daemon only.
 */
export class SentIds {
  readonly #keyValues: KeyValues;

  constructor(keyValues: KeyValues) {
    this.#keyValues = keyValues;
  }

  /**
   * Those of these events that were sent before; after a restore also those that may
   * have been, see `event-sink restore`.
   */
  async sent(events: readonly { readonly id: string; readonly created: number }[]): Promise<ReadonlySet<string>> {
    if (events.length === 0) return new Set();
    const known = await this.#keyValues.get([...events.map(({ id }) => id), skipUntilKey]);
    const until = Number(known.get(skipUntilKey) ?? 0);
    return new Set(events.filter(({ id, created }) => known.has(id) || created < until).map(({ id }) => id));
  }

  /** Durable when it resolves. */
  record(ids: readonly string[]): Promise<void> {
    return this.#keyValues.put(
      ids.map(id => [id, ''] as const),
      keepMs,
    );
  }
}
