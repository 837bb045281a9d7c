import { AvailabilityRecorder } from '../availability/recorder.js';
import { describe } from '../errors.js';
import type { Log } from '../log.js';
import type { KeepAvailabilityArguments } from '../storage/availability.js';
import type { Checkpoints } from '../storage/storage.js';
import type { Finished, Observed } from './observed.js';
import { readState, type SavedState, storedState } from './saved-state.js';
import { seenOf } from './seen.js';
import type { Target } from './target.js';

export interface RecordTools {
  readonly checkpoints: Checkpoints;
  /** Writes down how available the service is. */
  readonly keep: (seen: KeepAvailabilityArguments) => Promise<void>;
  readonly log: Pick<Log, 'warn'>;
}

/** What is kept of one target: its state and its availability. What cannot be read or written is logged, not thrown. */
export class TargetRecord {
  readonly #target: Target;
  readonly #tools: RecordTools;
  readonly #availability: AvailabilityRecorder;

  constructor(target: Target, tools: RecordTools) {
    this.#target = target;
    this.#tools = tools;
    this.#availability = new AvailabilityRecorder(target.name, tools.keep, error =>
      this.#warn(error, 'availability.unsaved'),
    );
  }

  /** Undefined: nothing was saved, or nothing readable. */
  async read(): Promise<SavedState | undefined> {
    try {
      return readState(await this.#tools.checkpoints.get(this.#key));
    } catch (error) {
      this.#warn(error, 'checkpoint.unread');
      return undefined;
    }
  }

  /** @param previous end of the run before it that said something, epoch ms */
  see(finished: Finished, previous: number | null, observed: Observed): void {
    const seen = seenOf(this.#target, finished, previous, observed);
    if (seen !== undefined) this.#availability.see(seen);
  }

  /** @returns whether the state is saved */
  async write(state: SavedState): Promise<boolean> {
    await this.#availability.save();
    try {
      await this.#tools.checkpoints.put(this.#key, storedState(state));
      return true;
    } catch (error) {
      this.#warn(error, 'checkpoint.unsaved');
      return false;
    }
  }

  get #key(): string {
    return `health/${this.#target.name}`;
  }

  #warn(error: unknown, line: string): void {
    this.#tools.log.warn({ target: this.#target.name, reason: describe(error) }, line);
  }
}
