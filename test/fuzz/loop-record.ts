import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../helpers/temporary.js';
import { demand } from './problem.js';

/** What `loop-probe.ts` found in a daemon that was started with these options. */
export class LoopRecord {
  readonly #folder = temporaryFolder();
  readonly #file = join(this.#folder.path, 'stalls');
  readonly node: readonly string[] = ['--import', new URL('loop-probe.js', import.meta.url).href];
  readonly env: Readonly<Record<string, string>> = { LOOP_PROBE_FILE: this.#file };

  /** Forgets the start, when all code is loaded at once and nobody can ask yet. */
  begin(): void {
    demand(this.longestMs > 0, 'the event loop is not watched: a start computes for longer than that', '');
    writeFileSync(this.#file, '');
  }

  /** 0 when none was worth noting. */
  get longestMs(): number {
    return Math.max(0, ...readFileSync(this.#file, 'utf8').split('\n').map(Number));
  }

  remove(): void {
    this.#folder.remove();
  }
}
