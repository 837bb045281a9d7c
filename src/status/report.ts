import type { BrokerStatus } from '../broker/broker.js';
import type { SettingsStatus } from '../config/running.js';
import type { ContextStatus } from '../context/context.js';
import type { ActorState, ActorStatus } from './board.js';

export interface SinkStatus {
  readonly sink: string;
  readonly title: string;
  /** Its events are kept in this daemon, and can be asked for. */
  readonly queryable: boolean;
  readonly state: ActorState;
  readonly queue: string;
  /** Null = not known: the broker does not say. */
  readonly pending: number | null;
  /** When the oldest waiting event was received, epoch ms. */
  readonly oldest: number | null;
  readonly delivered: number;
  readonly duplicates: number;
  readonly filtered: number;
  /** Dead letters that are there now. Null = not known: the broker has not said since the start. */
  readonly dead: number | null;
  /** Events of one write: as many as the destination takes well now, and at most. */
  readonly batch_size: number;
  readonly batch_limit: number;
  /** Writes at once: as many as the destination takes well now, and at most. */
  readonly concurrency: number;
  readonly concurrency_limit: number;
}

/** A service that is watched, as its checks found it. */
export interface ServiceState {
  readonly service_name: string;
  /** What is checked, without secrets. */
  readonly target: string;
  /** `unknown` until enough checks agree. */
  readonly state: 'unknown' | 'up' | 'degraded' | 'down' | 'maintenance';
  /** When the state began, epoch ms; kept across restarts. */
  readonly since: number | null;
  /** When the last check ended, epoch ms. */
  readonly checked: number | null;
  /** What the last check complained about. */
  readonly reason: string | null;
  /** Mean of the last check, seconds. */
  readonly response_time: number | null;
  /** Share of the last 24 hours, percent. */
  readonly uptime: number | null;
}

export interface DaemonStatus {
  readonly version: string;
  readonly started: number;
  readonly now: number;
  readonly ready: boolean;
  /** What is wrong, in words, worst first; empty when all is well. */
  readonly problems: readonly { readonly what: string; readonly since: number; readonly fix: string }[];
  readonly broker: { readonly kind: 'embedded' | 'rabbitmq' } & BrokerStatus;
  /** Rows that were lost with a damaged or cut database, by table; empty is right. */
  readonly storage: { readonly lost: Readonly<Record<string, number>> };
  readonly context: ContextStatus;
  readonly settings: SettingsStatus;
  readonly sinks: readonly SinkStatus[];
  readonly services: readonly ServiceState[];
  readonly actors: readonly ActorStatus[];
}
