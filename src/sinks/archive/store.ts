import { TransientError } from '../../errors.js';

/**
 * Where an archive's files lie. Each is written whole and never changed afterwards, and nobody sees half of one. Names
 * are relative, with slashes.
 */
export interface ArchiveStore {
  /** For people: `/var/lib/archive`, `s3://bucket/events`. */
  readonly place: string;
  /** Every file whose name begins so, in the order of the names. */
  list(prefix: string, signal?: AbortSignal): Promise<readonly StoredFile[]>;
  /** Undefined: there is none of this name. */
  read(name: string, signal?: AbortSignal): Promise<Buffer | undefined>;
  /**
   * Durable when it resolves. What is there is never written over: the same bytes are as good as written, others are a
   * fault, since a name says whose bytes it names.
   * @throws TransientError
   */
  put(name: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** As `put`, but false, and nothing is written, where there is one of this name already. */
  create(name: string, bytes: Uint8Array, signal?: AbortSignal): Promise<boolean>;
  /** One that is not there is no error. */
  remove(name: string, signal?: AbortSignal): Promise<void>;
  /** Resolves when a write would have a chance; makes nothing. */
  probe(signal: AbortSignal): Promise<void>;
}

export interface StoredFile {
  readonly name: string;
  readonly bytes: number;
}

/** For a `put` that found a file of its name. @param found what it holds; undefined = it is gone again */
export function requireSame(place: string, name: string, bytes: Uint8Array, found: Buffer | undefined): void {
  if (found?.equals(bytes) !== true) throw new TransientError(`${place}: there is another ${name}`);
}
