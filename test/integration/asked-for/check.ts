import type { StoredEvent } from '../../../openapi/api-types.js';

/** Makes something happen at its real source, and says which event it is and what must be in it. */
export type Check = () => Promise<Expected>;

export interface Expected {
  readonly fits: (event: StoredEvent) => boolean;
  /** The source that the event must name. */
  readonly source: string;
  /** When it happened, epoch ms: now, where nothing is said. */
  readonly created?: number;
  /** For every field; a pattern or a condition where the value cannot be foretold. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** A condition for a value of an event. */
export const positive = (value: unknown): boolean => typeof value === 'number' && value > 0;
export const aVisitor = /^[0-9a-f]{16}$/;

let visits = 0;

/** A query that no other request has. */
export function visit(): string {
  visits += 1;
  return `visit=${visits}`;
}

export function isAt(url: string): Expected['fits'] {
  return event => event.url === url;
}
