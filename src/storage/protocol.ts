import { FullError, SetupError, TransientError, UnsupportedError } from '../errors.js';
import type { ReadName } from './calls.js';
import { CorruptError } from './database-error.js';
import type { Job } from './group.js';
import type { Opened } from './opening.js';

/** What the main thread asks of the writer: one request at a time, the next after the answer. */
export type WriterRequest =
  | { readonly kind: 'group'; readonly jobs: readonly Job[]; readonly now: number; readonly believed: number }
  /** Gives at most `pages` free pages back to the file system, outside of any transaction. */
  | { readonly kind: 'compact'; readonly pages: number }
  /** Empties the write-ahead log into the file, so that what was deleted is nowhere any more. */
  | { readonly kind: 'purge' }
  | { readonly kind: 'rebuild' }
  | { readonly kind: 'close' };

/** What was found at opening. */
export type FoundAtOpening = Pick<Opened, 'salvaged' | 'lost'>;

export type WriterAnswer =
  | { readonly kind: 'ready'; readonly found: FoundAtOpening }
  | { readonly kind: 'group'; readonly outcomes: readonly WireOutcome[] }
  /** Also of `purge`: true when the log could not be emptied. */
  | { readonly kind: 'compact'; readonly more: boolean }
  /** Nothing works any more: at opening, or a corrupt file. */
  | { readonly kind: 'fatal'; readonly error: WireError };

export type ReaderRequest =
  | { readonly kind: 'read'; readonly number: number; readonly name: ReadName; readonly args: unknown }
  | { readonly kind: 'close' };

export type ReaderAnswer = { readonly number: number } & WireRead;
export type WireRead = { readonly result: unknown } | { readonly error: WireError };
export type WireOutcome = { readonly results: readonly unknown[] } | { readonly error: WireError };

/** An error loses its class on the way between threads; the name brings it back. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

export function packed(error: unknown): WireError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: undefined };
  return { name: error.name, message: error.message, stack: error.stack };
}

export function unpacked({ name, message, stack }: WireError): Error {
  switch (name) {
    case 'FullError':
      return new FullError(message);
    case 'TransientError':
      return new TransientError(message);
    case 'SetupError':
      return new SetupError(message);
    case 'UnsupportedError':
      return new UnsupportedError(message);
    case 'CorruptError':
      return new CorruptError(message);
    default:
      return Object.assign(new Error(message), stack === undefined ? {} : { stack });
  }
}
