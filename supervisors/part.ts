import type { Parent } from '../actors/actor.js';
import type { Clock } from '../src/clock.js';
import type { Log } from '../src/log.js';
import type { StatusBoard } from '../src/status/board.js';
import type { ShutdownStep } from './shutdown.js';

/** What every part of the tree is given to start with. */
export interface PartOptions {
  readonly root: Parent;
  readonly board: StatusBoard;
  readonly clock: Clock;
  readonly log: Log;
  /** Something has failed for good: the whole tree is restarted. May be called more than once. */
  readonly onFailure: OnFailure;
  /** Adds a step to the shutdown, in front of those that are there: what started last ends first. */
  onStop(name: string, run: ShutdownStep['run']): void;
}

export type OnFailure = (what: string, error: unknown) => void;
