/** A file beside the log that rotation may have made of it. */
export interface RotatedLog {
  readonly path: string;
  readonly dev: number;
  readonly ino: number;
  /** When it was written last, epoch ms. Compressing keeps it. */
  readonly written: number;
  /** When it came into being, epoch ms: a copy is younger than what it was copied from, a renamed log older than its successor. */
  readonly born: number;
  readonly archive: boolean;
}
