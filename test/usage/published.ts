import * as assert from 'uvu/assert';
import type { Message } from '../../src/events/message.js';
import { inWords } from './scene.js';

export interface Announced {
  readonly type: string;
  readonly added: number;
  readonly period: string;
  readonly created: number;
  readonly access_method?: 'regular' | 'machine';
  readonly reason?: string;
  readonly resource_id?: string;
  readonly [name: string]: unknown;
}

const columns = {
  total_dataset_investigations: 'investigations',
  total_dataset_requests: 'requests',
  unique_dataset_investigations: 'uniqueInvestigations',
  unique_dataset_requests: 'uniqueRequests',
  bytes: 'bytes',
  request_bytes: 'requestBytes',
} as const;

/** A destination that keeps each event once, by its id, and adds up. */
export class Published {
  readonly events = new Map<string, Announced>();
  /** How often one came that was there. */
  again = 0;

  take(messages: readonly Message[]): void {
    for (const { id, body } of messages) {
      const event: Announced = JSON.parse(body);
      if (this.events.has(id)) {
        assert.equal(event, this.events.get(id), 'the same event');
        this.again += 1;
      }
      this.events.set(id, event);
    }
  }

  /** As `UsageScene.months`. */
  months(): string[] {
    const sums = new Map<string, Record<(typeof columns)[keyof typeof columns], number>>();
    for (const { type, added, period, access_method: method, resource_id: item } of this.events.values()) {
      if (method === undefined) continue;
      const key = `${period.slice(0, 7).replace('-', '')} ${item ?? null} ${method}`;
      const sum = sums.get(key) ?? {
        ...{ investigations: 0, requests: 0, uniqueInvestigations: 0 },
        ...{ uniqueRequests: 0, bytes: 0, requestBytes: 0 },
      };
      sum[columns[type as keyof typeof columns]] += added;
      sums.set(key, sum);
    }
    const used = [...sums].filter(([, sum]) => Object.values(sum).some(value => value !== 0));
    return used.map(([key, sum]) => `${key}: ${inWords(sum)}`).sort();
  }

  /** As `UsageScene.leftOut`, less what is 0. */
  leftOut(): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { added, reason } of this.events.values())
      if (reason !== undefined) sums[reason] = (sums[reason] ?? 0) + added;
    return Object.fromEntries(Object.entries(sums).filter(([, sum]) => sum !== 0));
  }
}
