import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const chunk = Buffer.alloc(256 * 1024);

/** A small disk in memory, which can be filled up. Only root can mount one. */
export class SmallDisk {
  readonly dir: string;
  readonly #ballast: string;

  static readonly possible = process.getuid?.() === 0;

  constructor(megabytes: number) {
    this.dir = mkdtempSync(join(tmpdir(), 'event-sink-disk-'));
    this.#ballast = join(this.dir, 'ballast');
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', this.dir]);
  }

  /** Leaves this many bytes, or a few fewer. */
  fill(leave: number): void {
    const file = openSync(this.#ballast, 'a');
    try {
      for (;;) {
        const { bavail, bsize } = statfsSync(this.dir);
        const bytes = Math.min(chunk.length, bavail * bsize - leave);
        if (bytes <= 0) return;
        writeSync(file, chunk, 0, bytes);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(this.#ballast, { force: true });
  }

  remove(): void {
    execFileSync('umount', [this.dir]);
    rmSync(this.dir, { recursive: true });
  }
}
