/** A problem whose beginning is not known counts from when it was first found under its key. */
export interface FoundProblem {
  /** The same as long as it lasts. */
  readonly key: string;
  readonly what: string;
  readonly since: number | undefined;
  readonly fix: string;
  /** Default: `warning`. */
  readonly severity?: Severity;
}

/** `critical`: events are not accepted, or are lost. */
export type Severity = 'critical' | 'warning';

const serviceKey = 'service ';

/** The key of a problem that is about a service, and not about this daemon. */
export function serviceProblemKey(name: string): string {
  return `${serviceKey}${name}`;
}

export function isServiceProblem(key: string): boolean {
  return key.startsWith(serviceKey);
}

export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}

/** Some reasons are whole sentences, and end with a full stop. */
export function withoutStop(reason: string): string {
  return reason.replace(/\.$/, '');
}
