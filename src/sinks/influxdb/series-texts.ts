import type { Event } from '../../events/event.js';
import { maxTagLength, type Schema, seriesOf, tagPart, tagValue } from './point.js';

/** The values of some tags in their order, and what may follow. */
interface Branch {
  readonly text: string;
  /** By the value of the next tag; undefined: the event does not have it. */
  next: Map<string | undefined, Branch> | undefined;
}

/**
 * The text of each series, made once: it is found by the values of its tags, one after the other, so that nothing is
 * put together for an event of a series that is known. InfluxDB itself wants few series.
 */
export class SeriesTexts {
  readonly #schema: Schema;
  readonly #max: number;
  #root: Branch;
  #branches = 0;

  /** Beyond `max` branches it starts afresh. */
  constructor(schema: Schema, max: number) {
    this.#schema = schema;
    this.#max = max;
    this.#root = { text: schema.measurement, next: undefined };
  }

  /** As `seriesOf` makes it. */
  of(event: Event): string {
    if (this.#branches >= this.#max) this.#clear();
    let branch = this.#root;
    for (const tag of this.#schema.tags) {
      const value = tagValue(event, tag);
      // It would be kept whole, and the bound is in branches.
      if (value !== undefined && value.length > maxTagLength) return seriesOf(event, this.#schema);
      branch = branch.next?.get(value) ?? this.#grow(branch, tag, value);
    }
    return branch.text;
  }

  #grow(branch: Branch, tag: string, value: string | undefined): Branch {
    const grown: Branch = { text: branch.text + tagPart(tag, value), next: undefined };
    branch.next ??= new Map();
    branch.next.set(value, grown);
    this.#branches += 1;
    return grown;
  }

  #clear(): void {
    this.#root = { text: this.#schema.measurement, next: undefined };
    this.#branches = 0;
  }
}
