/** A problem whose beginning is not known counts from when it was first found under its key. */
export interface FoundProblem {
  readonly key: string;
  readonly what: string;
  readonly since: number | undefined;
  readonly fix: string;
}

export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}

/** Some reasons are whole sentences, and end with a full stop. */
export function withoutStop(reason: string): string {
  return reason.replace(/\.$/, '');
}
