import type { LogFormat } from './lines/format.js';
import type { TrafficKind } from './traffic/traffic.js';

export interface NginxConfig {
  /** Empty = off. */
  readonly files: readonly string[];
  /** Other folders in which rotated logs are looked for. */
  readonly rotatedDirs: readonly string[];
  /** Where the very first start begins to read. */
  readonly start: 'beginning' | 'end';
  readonly format: LogFormat;
  /** Differs when what was given for the format does: a format is partly code. */
  readonly formatGiven?: string;
  readonly windowMs: number;
  readonly trafficEvents: readonly TrafficKind[];
  /** Every page of Clowder counts as a view, not only those of its resources. */
  readonly allPages: boolean;
  readonly keepIp: boolean;
  /** Clowder 1 says itself, over RabbitMQ, which files are uploaded. */
  readonly uploadsPublished: boolean;
  /** Begins with a slash and ends without one; empty for the root. */
  readonly pathPrefix: string;
  /** Where nginx says how many connections are open. */
  readonly statusUrl: string | undefined;
}
