import { type Fingerprint, noFingerprint } from './fingerprint.js';
import type { FileIdentity, FilePosition } from './log-file.js';

/** What happened to a log that its counts may show, since the first start. */
export interface Incidents {
  /** Files that were cut, zeroed or edited in place. */
  readonly changed: number;
  /** Files that were not read to their end and are gone. */
  readonly lost: number;
  /** Bytes of archives that cannot be read. */
  readonly unreadableBytes: number;
}

/** What the log says of them. */
export const reasons = {
  changed:
    'the log was cut, zeroed or edited in place; reading goes on behind the newest line that was counted and is still there. Lines that were edited may count again, and lines in place of those that are gone may not count',
  lost: 'no file holds what was read of it; lines that were written to it after that are not counted',
};

/** An archive that could not be read. When it is uncompressed, it has this time of writing still. */
export interface UnreadArchive {
  readonly path: string;
  readonly size: number;
  /** Epoch ms. */
  readonly written: number;
}

export interface SavedFiles {
  readonly version: 2;
  /** Wall clock, epoch ms. The last file was the current one then. */
  readonly at: number;
  /** When that one was written last, as its file system said, epoch ms. Absent in checkpoints of 1.0. */
  readonly written?: number | undefined;
  /** The last one is the current log, those before it were rotated away. */
  readonly files: readonly FilePosition[];
  /** What files begin with that are done with, or were there before the very first start; the newest last. */
  readonly known: readonly Fingerprint[];
  /** Where the path, a link, has led to; the newest last. */
  readonly targets: readonly string[];
  readonly unread: readonly UnreadArchive[];
  readonly incidents: Incidents;
}

/** As version 1.0 of this program wrote it. */
export interface SavedFilesOfVersion1 {
  readonly version?: undefined;
  readonly at: number;
  readonly files: readonly PositionOfVersion1[];
  /** Rotated logs that were there at the very first start. */
  readonly ignored: readonly FileIdentity[];
}

interface PositionOfVersion1 extends FileIdentity {
  readonly head: Fingerprint;
  readonly tail: Fingerprint;
  readonly offset: number;
  readonly skipping: boolean;
}

export const noIncidents: Incidents = { changed: 0, lost: 0, unreadableBytes: 0 };

/** `ignored`: files of no interest whose beginnings are not known yet. */
export function upgraded(
  saved: SavedFiles | SavedFilesOfVersion1,
): SavedFiles & { readonly ignored: readonly FileIdentity[] } {
  if (saved.version === 2) return { ...saved, ignored: [] };
  const { at, ignored } = saved;
  const files = saved.files.map(
    ({ dev, ino, head, tail, offset, skipping }): FilePosition => ({
      ...{ path: '', dev, ino, head, tail, offset, skipping },
      ...{ first: noFingerprint, trail: [], superseded: false },
    }),
  );
  return { version: 2, at, files, known: [], targets: [], unread: [], incidents: noIncidents, ignored };
}
