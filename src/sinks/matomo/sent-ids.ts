import type { KeyValues } from '../../storage/key-values.js';

/** A batch that is redelivered comes within hours, however long its queue was held. */
const keepMs = 72 * 3_600_000;

/** Which events were tracked: Matomo has no key by which it would know one again. Durable, of this daemon only. */
export class SentIds {
  readonly #keyValues: KeyValues;

  constructor(keyValues: KeyValues) {
    this.#keyValues = keyValues;
  }

  async among(ids: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set((await this.#keyValues.get(ids)).keys());
  }

  /** Durable when it resolves. */
  record(ids: readonly string[]): Promise<void> {
    return this.#keyValues.put(
      ids.map(id => [id, ''] as const),
      keepMs,
    );
  }
}
