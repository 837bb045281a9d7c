import type { Problems } from '../settings/setting.js';

/** What to look at, and how. */
export type Check = HttpCheck | TcpCheck | QueueCheck | FileCheck | PingCheck;

export interface HttpCheck {
  readonly kind: 'http';
  /** With its user and query: never shown. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A PEM file of certificates to trust instead of the system's. */
  readonly ca: string | undefined;
  readonly expect: {
    /** Ranges, both ends included. */
    readonly status: readonly (readonly [min: number, max: number])[];
    /** Text that the body contains. */
    readonly body: string | undefined;
    /** Values by their dotted path in the JSON body. */
    readonly json: Readonly<Record<string, unknown>>;
  };
}

export interface TcpCheck {
  readonly kind: 'tcp';
  readonly host: string;
  readonly port: number;
}

export interface QueueCheck {
  readonly kind: 'queue';
  readonly queue: string;
  readonly expect: {
    /** At most so many messages wait. */
    readonly messages: number | undefined;
    /** At least so many consumers are there. */
    readonly consumers: number | undefined;
  };
}

export interface FileCheck {
  readonly kind: 'file';
  /** A folder, or a name beside which to write. */
  readonly path: string;
}

export interface PingCheck {
  readonly kind: 'ping';
  readonly host: string;
}

/** A time in which a service is being worked on, epoch ms. Without an end: until somebody says that it is over. */
export interface MaintenanceWindow {
  readonly from: number;
  readonly until: number | undefined;
  readonly message: string | undefined;
}

export interface Target {
  /** Unique among targets; `service_name` of its events. */
  readonly name: string;
  readonly check: Check;
  /** As events, logs and the status show it: without user, password and query. */
  readonly address: string;
  readonly intervalMs: number;
  /** Of one sample; of a whole run for ping. */
  readonly timeoutMs: number;
  readonly samples: number;
  /** Equal results in a row before the state changes: for the worse, and for the better. */
  readonly threshold: { readonly down: number; readonly up: number };
  /** A mean response time above this is degraded, ms. */
  readonly slowMs: number | undefined;
  /** Lost samples from which on the target is down, percent; fewer are degraded. */
  readonly lossPercent: number;
  readonly maintenance: readonly MaintenanceWindow[];
  /** Texts that nothing may show. */
  readonly secrets: readonly string[];
}

/** What holds for every target that does not say otherwise. */
export interface TargetDefaults {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** Of one target: where its problems go. */
export type Complain = (message: string) => void;

/** Complaints about one target name it. */
export function complaints(problems: Problems, label: string): Complain {
  return message => problems.add('HEALTH_TARGETS', `${label} ${message}`);
}
