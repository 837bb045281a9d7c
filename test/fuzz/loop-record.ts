import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../helpers/temporary.js';

/** What `loop-probe.ts` found in a daemon that was started with these options. */
export class LoopRecord {
  readonly #folder = temporaryFolder();
  readonly #file = join(this.#folder.path, 'longest');
  readonly node: readonly string[] = ['--import', new URL('loop-probe.js', import.meta.url).href];
  readonly env: Readonly<Record<string, string>> = { LOOP_PROBE_FILE: this.#file };

  /** Each longer than the one before: the last is the longest. */
  get longestMs(): number {
    return Number(readFileSync(this.#file, 'utf8').trim().split('\n').at(-1));
  }

  remove(): void {
    this.#folder.remove();
  }
}
