/** How it was compressed, if it was: `unreadable` by a program that this one does not know. */
export type Packing = 'plain' | 'gzip' | 'unreadable';

/** A file that rotation may have made of the log. */
export interface RotatedLog {
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  /** When it was written last, epoch ms. Compressing keeps it. */
  readonly written: number;
  readonly packing: Packing;
}
