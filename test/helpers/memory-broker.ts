import type { BatchLimits, DeadDelivery, Delivery, Settlement, Subscription } from '../../src/broker/broker.js';
import type { Message } from '../../src/events/message.js';

/** One queue in memory, enough to drive a consumer: what was settled, dead-lettered, paused is there to look at. */
export class MemoryQueue implements Subscription {
  readonly waiting: Delivery[] = [];
  readonly unsettled = new Set<Delivery>();
  readonly done: string[] = [];
  readonly dead: DeadDelivery[] = [];
  prefetch = Number.POSITIVE_INFINITY;
  /** Where deliveries say when they came. */
  monotonic: (() => number) | undefined;
  pauses = 0;
  paused = false;
  closed = false;
  duplicates = 0;
  filtered = 0;
  #wake: () => void = () => {};

  add(...messages: readonly Message[]): void {
    this.waiting.push(...messages.map(message => ({ ...message, redelivered: false })));
    this.#wake();
  }

  async next(limits: BatchLimits, signal: AbortSignal): Promise<Delivery[]> {
    while (!signal.aborted && (this.waiting.length === 0 || this.paused || this.unsettled.size >= this.prefetch)) {
      await new Promise<void>(resolve => {
        const wake = (): void => {
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#wake = wake;
        signal.addEventListener('abort', wake);
      });
    }
    if (signal.aborted) return [];
    const arrived = this.monotonic?.();
    const batch = this.waiting.splice(0, limits.count).map(delivery => ({ ...delivery, arrived }));
    for (const delivery of batch) this.unsettled.add(delivery);
    return batch;
  }

  async settle(settlement: Settlement): Promise<void> {
    for (const delivery of [...settlement.done, ...settlement.dead.map(({ delivery }) => delivery)]) {
      if (!this.unsettled.delete(delivery)) throw new Error(`${delivery.id} was settled twice, or never handed out`);
    }
    this.done.push(...settlement.done.map(({ id }) => id));
    this.dead.push(...settlement.dead);
    this.duplicates += settlement.duplicates;
    this.filtered += settlement.filtered;
    this.#wake();
  }

  async requeue(deliveries: readonly Delivery[]): Promise<void> {
    for (const delivery of deliveries) this.unsettled.delete(delivery);
    this.waiting.unshift(...deliveries);
    this.#wake();
  }

  async pause(): Promise<void> {
    this.pauses += 1;
    this.paused = true;
    await this.requeue([...this.unsettled]);
  }

  async resume(): Promise<void> {
    this.paused = false;
    this.#wake();
  }

  async close(): Promise<void> {
    await this.requeue([...this.unsettled]);
    this.closed = true;
  }
}

export function message(id: string, fields: Record<string, unknown> = {}): Message {
  const body = JSON.stringify({ category: 'upload', created: 1_700_000_000_000, resource_name: id, ...fields });
  return { id, body, source: 'http', received: 1_700_000_000_500 };
}
