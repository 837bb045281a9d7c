import type { GroupWaits } from './channel-state.js';
import type { Rule } from './rule.js';

export interface NotifyConfig extends GroupWaits {
  readonly rules: readonly Rule[];
  /** Where the page of this daemon is, for links. */
  readonly pageUrl: string | undefined;
}
