import type { KeyValues } from '../../storage/key-values.js';
import { limits } from './limits.js';

/** An event that is older is refused anyway; the hour more covers clocks that are ahead. */
const keepMs = limits.backdateMs + 3_600_000;

/** Which events were sent: Google Analytics has no key by which it would know one again. Durable, of this daemon only. */
export class SentIds {
  readonly #keyValues: KeyValues;

  constructor(keyValues: KeyValues) {
    this.#keyValues = keyValues;
  }

  /** Those of these ids that were sent before. */
  async sent(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return ids.length === 0 ? new Set() : new Set((await this.#keyValues.get(ids)).keys());
  }

  /** Durable when it resolves. */
  record(ids: readonly string[]): Promise<void> {
    return this.#keyValues.put(
      ids.map(id => [id, ''] as const),
      keepMs,
    );
  }
}
