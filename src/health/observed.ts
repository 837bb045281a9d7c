import type { OutageCost } from '../availability/cost.js';
import type { Message } from '../events/message.js';
import type { MaintenanceWindow } from './maintenance.js';
import type { Result } from './result.js';
import type { SavedState } from './saved-state.js';

export interface Finished {
  /** Begin and end of the run, epoch ms. */
  readonly at: number;
  readonly ended: number;
  readonly result: Result;
  /** What came in during the outage that it may end. */
  readonly cost?: OutageCost | undefined;
}

export interface Observed {
  /** The `health` event of the run; undefined where it said nothing about the target. */
  readonly event: Message | undefined;
  /** New events about a change. */
  readonly changes: readonly Message[];
  /** The state is to be saved before the changes are published. */
  readonly changed: boolean;
  /** What holds after it, and since when; `unknown` until enough was seen since the checks began again. */
  readonly state: SavedState['observed'];
  readonly since: number;
  /** Nothing was known for too long before it. */
  readonly interrupted: boolean;
  /** The maintenance of the settings in which the run lies. */
  readonly window: MaintenanceWindow | undefined;
}
