import { covers, type MaintenanceWindow, type Span } from './maintenance.js';
import type { Target } from './target.js';

/** When a target is being worked on: by its configuration, once or again and again, and by what was declared. */
export class MaintenanceCalendar {
  readonly #target: Pick<Target, 'maintenance' | 'recurringMaintenance'>;
  readonly #declared: () => readonly Span[];

  constructor(target: Pick<Target, 'maintenance' | 'recurringMaintenance'>, declared: () => readonly Span[]) {
    this.#target = target;
    this.#declared = declared;
  }

  /** The window that a moment lies in; what the configuration says goes first. */
  at(at: number): MaintenanceWindow | undefined {
    const declared = this.#declared().find(window => covers(window, at));
    return (
      this.configuredAt(at) ??
      (declared && { from: declared.from, until: declared.until ?? undefined, message: undefined })
    );
  }

  configuredAt(at: number): MaintenanceWindow | undefined {
    const once = this.#target.maintenance.find(window => covers(window, at));
    if (once !== undefined) return once;
    for (const recurrence of this.#target.recurringMaintenance) {
      const window = recurrence.windowAt(at);
      if (window !== undefined) return window;
    }
    return undefined;
  }

  /** Windows of the configuration: those that come once, all of them, and the others that have a part of this time. */
  configuredBetween(from: number, until: number): readonly MaintenanceWindow[] {
    const { maintenance, recurringMaintenance } = this.#target;
    return [...maintenance, ...recurringMaintenance.flatMap(recurrence => recurrence.windowsBetween(from, until))];
  }

  /** All windows that have a part of this time, and others. */
  between(from: number, until: number): readonly Span[] {
    return [...this.configuredBetween(from, until), ...this.#declared()];
  }
}
