import type { Result } from './result.js';
import type { Target } from './target.js';

type Dependent = Pick<Target, 'name' | 'dependsOn'>;

/** What is wrong with what a target depends on: the end of a sentence that begins with its name. */
export function dependencyProblem(target: Dependent, all: readonly Dependent[]): string | undefined {
  const missing = target.dependsOn.find(name => !all.some(one => one.name === name));
  if (missing !== undefined) return `depends on "${missing.slice(0, 128)}", which is not a target`;
  return dependsOnItself(target, all) ? 'depends on itself, straight or by way of others' : undefined;
}

function dependsOnItself({ name, dependsOn }: Dependent, all: readonly Dependent[]): boolean {
  const seen = new Set<string>();
  const next = [...dependsOn];
  for (let one = next.pop(); one !== undefined; one = next.pop()) {
    if (one === name) return true;
    if (seen.has(one)) continue;
    seen.add(one);
    next.push(...(all.find(other => other.name === one)?.dependsOn ?? []));
  }
  return false;
}

/** How a target is, for those that depend on it. */
export interface Standing {
  readonly name: string;
  /** Its latest run found it down, or found that another that it needs is. */
  readonly fails: boolean;
  /** An event said so, or said it of the service that makes it fail. */
  readonly announced: boolean;
  /** It is being worked on; where another one makes it fail, that one is. */
  readonly maintained: boolean;
  /** The service that makes it fail, where that is another. */
  readonly causedBy: string | undefined;
}

export function standingOf(name: string, announced: string, last: Result | undefined): Standing {
  const { finding, causedBy, causeAnnounced = false, causeMaintained = false, waits = false } = last ?? {};
  return {
    name,
    fails: finding === 'down' || (causedBy !== undefined && !waits),
    announced: announced === 'down' || announced === 'unknown' || causeAnnounced,
    maintained: causedBy === undefined ? announced === 'maintenance' : causeMaintained,
    causedBy,
  };
}

/**
 * What a failed run comes to, as those are that the target depends on. While one of them is being worked on, the target
 * cannot be known either: nobody works on it, and it may be down besides. An outage is a better reason than that.
 */
export function attributed(result: Result, parents: readonly Standing[]): Result {
  const failing = parents.filter(({ fails }) => fails);
  const cause =
    failing.find(({ announced, maintained }) => announced && !maintained) ??
    failing.find(({ maintained }) => maintained) ??
    failing[0];
  if (cause === undefined) return result;
  const { announced, maintained, causedBy = cause.name } = cause;
  return {
    ...result,
    finding: 'unknown',
    reason: `cannot be known: ${causedBy} is ${maintained ? 'being worked on' : 'down'} (here: ${result.reason ?? 'no answer'})`,
    causedBy,
    causeAnnounced: announced || maintained,
    causeMaintained: maintained,
  };
}

/**
 * What a good run of a target comes to that was unknown because of another. Where that one works again and is not known
 * to yet, the target waits for it, so that what fell together comes back together.
 */
export function awaiting(result: Result, parents: readonly Standing[]): Result {
  if (parents.some(({ fails }) => fails)) return result;
  const parent = parents.find(({ announced }) => announced);
  if (parent === undefined) return result;
  const causedBy = parent.causedBy ?? parent.name;
  return {
    ...result,
    finding: 'unknown',
    reason: `answers again; waits until ${causedBy} is known to be up`,
    causedBy,
    causeAnnounced: true,
    waits: true,
  };
}
