import type { Clock } from '../../clock.js';
import type { Throttled } from './answer.js';
import type { EncodedEvent } from './encoded-event.js';

/** Users and devices that Amplitude asked to leave alone for a while. Their events are put off without being sent. */
export class Throttle {
  readonly #clock: Clock;
  /** Until when, monotonic ms. */
  readonly #until = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * `sent` is the request that was answered so: where the answer gives only positions, their user or device is meant.
   */
  add(throttled: Throttled, sent: readonly EncodedEvent[]): void {
    const now = this.#clock.monotonic();
    for (const [key, until] of this.#until) if (until <= now) this.#until.delete(key);
    const until = now + throttled.waitMs;
    for (const user of throttled.users) this.#until.set(userKey(user), until);
    for (const device of throttled.devices) this.#until.set(deviceKey(device), until);
    for (const position of throttled.positions) {
      const event = sent[position];
      if (event === undefined || this.holds(event)) continue;
      this.#until.set(event.user === undefined ? deviceKey(event.device) : userKey(event.user), until);
    }
  }

  holds(event: EncodedEvent): boolean {
    return this.#waitOf(event) > 0;
  }

  /** Until the last of them may be sent. */
  waitMs(encoded: readonly EncodedEvent[]): number {
    return Math.max(1, ...encoded.map(event => Math.ceil(this.#waitOf(event))));
  }

  #waitOf(event: EncodedEvent): number {
    const { user, device } = event;
    const ends = [user === undefined ? undefined : this.#until.get(userKey(user)), this.#until.get(deviceKey(device))];
    return Math.max(0, ...ends.map(until => (until ?? 0) - this.#clock.monotonic()));
  }
}

const userKey = (id: string): string => `user:${id}`;
const deviceKey = (id: string): string => `device:${id}`;
