import type { MaintenanceWindow } from './maintenance.js';
import type { ProbeDefinition } from './probes/probe.js';
import type { Recurrence } from './recurrence.js';
import type { Limits } from './result.js';
import type { Threshold } from './streaks.js';

/** A service that is watched. */
export interface Target extends Limits {
  /** Unique among targets; `service_name` of its events. */
  readonly name: string;
  readonly probe: ProbeDefinition;
  /** What it asks of its probe; what that is, the probe alone knows. */
  readonly check: Parameters<ProbeDefinition['run']>[0];
  /** As events, logs and the status show it: without user, password and query. */
  readonly address: string;
  readonly intervalMs: number;
  /** Limit of one sample; of a whole run for ping. */
  readonly timeoutMs: number;
  /** In one run. */
  readonly samples: number;
  readonly threshold: Threshold;
  /** A target whose runs go to and fro is degraded. */
  readonly flapping: boolean;
  /** Time to the next run after one that was worse than what is known, ms; undefined = the interval. */
  readonly recheckMs: number | undefined;
  /** Names of targets without which this one cannot be reached. */
  readonly dependsOn: readonly string[];
  readonly maintenance: readonly MaintenanceWindow[];
  readonly recurringMaintenance: readonly Recurrence[];
  /** Heading under which the status page shows it. */
  readonly group: string | undefined;
  /** The status page shows it. */
  readonly isPublic: boolean;
  /** Texts that nothing may show, in any of the forms that `redact` knows. */
  readonly secrets: readonly string[];
}
