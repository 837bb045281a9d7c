import type { ActType } from '../events/audit-events.js';

/** Somebody, or the daemon by itself, did something that matters to others. */
export interface Act {
  readonly type: ActType;
  /** Name of the API key that it was done with, `daemon`, or `command line (USER)`. */
  readonly by: string;
  /** What it was done to: the name of a key, a sink or a queue, or a file. */
  readonly subject?: string | undefined;
  /** Address of the client. */
  readonly ip?: string | undefined;
  /** How many were concerned: dead letters, events, keys. */
  readonly count?: number | undefined;
  /** Further words, for people. */
  readonly message?: string | undefined;
  /** When, epoch ms. Default: now. */
  readonly at?: number | undefined;
}

/** Where acts are reported. */
export interface Audit {
  /** Never throws, and does not wait. */
  record(act: Act): void;
}

/** The log line of an act: `audit.key-made`. */
export function lineOf(type: ActType): string {
  return `audit.${type.replaceAll('_', '-')}`;
}
