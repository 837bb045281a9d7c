import type { Act } from '../audit/act.js';
import { leaveNote } from '../audit/notes.js';
import { describe } from '../errors.js';
import type { Invocation } from './command.js';

/**
 * For the audit trail of the daemon on this folder. The act is done by now: that it cannot be noted is said, and
 * changes nothing.
 */
export function note(dataDir: string, act: Omit<Act, 'by'>, { terminal, clock }: Invocation): void {
  try {
    leaveNote(dataDir, act, clock.now());
  } catch (error) {
    terminal.err(
      `event-sink: this is not in the audit trail, because DATA_DIR cannot be written to: ${describe(error)}`,
    );
  }
}
