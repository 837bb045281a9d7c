import type { BrokerStatus } from '../broker/broker.js';
import type { ActorState, ActorStatus } from './board.js';

export interface SinkStatus {
  readonly sink: string;
  readonly title: string;
  readonly state: ActorState;
  readonly queue: string;
  readonly pending: number;
  /** Epoch ms, of the oldest waiting event. */
  readonly oldest: number | null;
  readonly delivered: number;
  readonly duplicates: number;
  readonly filtered: number;
  /** Dead letters kept now. */
  readonly dead: number;
}

export interface DaemonStatus {
  readonly version: string;
  readonly started: number;
  readonly now: number;
  readonly ready: boolean;
  /** What is wrong, in words, worst first; empty when all is well. */
  readonly problems: readonly { readonly what: string; readonly since: number; readonly fix: string }[];
  readonly broker: { readonly kind: 'embedded' | 'rabbitmq' } & BrokerStatus;
  readonly sinks: readonly SinkStatus[];
  readonly actors: readonly ActorStatus[];
}
