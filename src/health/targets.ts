import type { Problems } from '../settings/setting.js';
import { dependencyProblem } from './dependencies.js';
import { type Complain, type Description, isName, readDescription } from './description.js';
import { fromText } from './short-form.js';
import type { Target } from './target.js';

/** As in the older health monitor: a run that loses nearly everything has failed. */
const failedLossPercent = 99;
const defaultThreshold = 2;

/** What holds for every target that does not say otherwise. */
export interface TargetDefaults {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Undefined = the interval. */
  readonly recheckMs?: number | undefined;
}

/**
 * The targets of HEALTH_TARGETS: strings (`name=address`), or structures from the YAML file. Targets with anything
 * wrong are left out, and all that is wrong is reported.
 */
export function parseTargets(
  written: readonly unknown[],
  defaults: TargetDefaults,
  problems: Problems,
): readonly Target[] {
  const targets: Target[] = [];
  for (const [index, item] of written.entries()) {
    const structure = typeof item === 'string' ? fromText(item) : item;
    const complain = complaints(problems, labelOf(structure, index));
    if (structure === undefined) {
      complain(
        'must be name=address. A comma separates targets: inside a URL write %2C, and put any other address that has one into the YAML file',
      );
      continue;
    }
    const description = readDescription(structure, complain);
    const target = description && targetOf(description, defaults, complain);
    if (target === undefined) continue;
    if (targets.some(({ name }) => name === target.name)) complain('is there twice');
    else targets.push(target);
  }
  for (const target of targets) {
    const problem = dependencyProblem(target, targets);
    if (problem !== undefined) complaints(problems, `target "${target.name}"`)(problem);
  }
  return targets;
}

function complaints(problems: Problems, label: string): Complain {
  return message => problems.add('HEALTH_TARGETS', `${label} ${message}`);
}

/** By its name, or by its place in the list when it has none that may be shown. */
function labelOf(structure: unknown, index: number): string {
  const name = (structure as { readonly name?: unknown } | null | undefined)?.name;
  return isName(name) ? `target "${name}"` : `target ${index + 1}`;
}

function targetOf(description: Description, defaults: TargetDefaults, complain: Complain): Target | undefined {
  const { name, probe, address, options, expect, interval, timeout, threshold, slow, loss, recheck } = description;
  const intervalMs = interval === undefined ? defaults.intervalMs : interval * 1000;
  const timeoutMs = timeout === undefined ? Math.min(defaults.timeoutMs, intervalMs) : timeout * 1000;
  if (timeoutMs > intervalMs) {
    complain(`has a timeout of ${timeoutMs / 1000} s, longer than its interval of ${intervalMs / 1000} s`);
    return undefined;
  }
  const usual = probe.threshold ?? defaultThreshold;
  const { down = usual, up = usual } = typeof threshold === 'object' ? threshold : { down: threshold, up: threshold };
  const check = { ...address, ...options, expect };
  return {
    name,
    probe,
    check,
    address: probe.show(address),
    intervalMs,
    timeoutMs,
    samples: description.samples ?? probe.samples?.default ?? 1,
    threshold: { down, up },
    slowMs: slow === undefined ? undefined : slow * 1000,
    lossPercent: loss ?? failedLossPercent,
    flapping: description.flapping,
    recheckMs: recheck === undefined ? defaults.recheckMs : recheck * 1000,
    dependsOn: description.depends_on ?? [],
    maintenance: description.maintenance?.once ?? [],
    recurringMaintenance: description.maintenance?.recurring ?? [],
    group: description.group,
    isPublic: description.public,
    secrets: [...new Set(probe.secrets?.(check))],
  };
}

/** A target that nobody wrote down; undefined where its name cannot be one. */
export function madeTarget(
  written: { readonly name: string; readonly url: string },
  defaults: TargetDefaults,
): Target | undefined {
  return parseTargets([written], defaults, { add: () => {} })[0];
}
