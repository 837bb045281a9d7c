import { isAbout, isAtLeast, type Rule } from './rule.js';
import { type Severity, type Signal, severities } from './signal.js';
import type { Transition } from './subjects.js';

/** One thing that people are notified of. */
export interface Change extends Signal {
  /** Nothing is new: it goes on. */
  readonly reminder?: true;
  /** The state that it came out of. */
  readonly was?: string;
  /** It failed and was over before anybody was notified. */
  readonly brief?: true;
  /** How often the same was reported since the last message; absent = once. */
  readonly times?: number;
}

/** What goes on under one rule, by key. */
export interface RuleState {
  /** Failing, and reported unless `silent`. */
  readonly open: Record<string, { readonly at: number; readonly change: Change; readonly silent?: true }>;
  /** Failing, and reported if it still does then. */
  readonly waiting: Record<string, { readonly due: number; readonly change: Change }>;
}

export const emptyRuleState = (): RuleState => ({ open: {}, waiting: {} });

/** What the rule wants reported of a transition. */
export function follow(rule: Rule, state: RuleState, transition: Transition, now: number): Change | undefined {
  const { signal } = transition;
  if (!isAbout(rule, signal)) return undefined;
  switch (signal.level) {
    case 'failing':
      return fails(rule, state, transition, now);
    case 'ok':
      return recovers(rule, state, transition);
    case 'maintenance':
    case 'note':
      if (signal.level === 'maintenance') forget(state, signal.key);
      return tellsAll(rule) && isAtLeast(signal.severity, rule.severity) ? signal : undefined;
  }
}

function fails(rule: Rule, state: RuleState, { signal, failures }: Transition, now: number): Change | undefined {
  const { key, severity } = signal;
  const open = state.open[key];
  // What was bad enough to be reported is followed to its end.
  if (open === undefined && !isAtLeast(severity, rule.severity)) return undefined;
  if (failures < rule.afterCount) return undefined;
  const due = signal.since + rule.afterMs;
  if (open === undefined && rule.afterMs > 0 && due > now) {
    state.waiting[key] = { due, change: signal };
    return undefined;
  }
  delete state.waiting[key];
  const isSilent = rule.when === 'resolved';
  state.open[key] = { at: open?.at ?? now, change: signal, ...(isSilent ? { silent: true } : {}) };
  if (isSilent) return undefined;
  if (open === undefined || rule.when === 'always') return reported(state, signal, now);
  if (open.change.state === signal.state) return undefined;
  return rule.when === 'change' || isWorse(severity, open.change.severity) ? reported(state, signal, now) : undefined;
}

function reported(state: RuleState, change: Change, now: number): Change {
  state.open[change.key] = { at: now, change };
  return change;
}

function isWorse(severity: Severity, than: Severity): boolean {
  return severities.indexOf(severity) > severities.indexOf(than);
}

function recovers(rule: Rule, state: RuleState, { signal, before }: Transition): Change | undefined {
  const open = state.open[signal.key];
  forget(state, signal.key);
  if (rule.when === 'always')
    return isAtLeast(signal.severity, rule.severity) || open !== undefined ? signal : undefined;
  if (rule.when === 'failure') return undefined;
  if (open !== undefined) {
    const since = signal.outageSeconds === undefined ? open.change.since : signal.since;
    return { ...signal, since, was: open.change.state };
  }
  // Nobody was notified of its failing, or that was under other rules.
  if (rule.afterCount > 1 || rule.afterMs > 0 || before?.state === signal.state) return undefined;
  const was = before?.level === 'failing' ? before.severity : 'info';
  const isKnown = before !== undefined || signal.category === 'service_status';
  return isKnown && isAtLeast(was, rule.severity) ? signal : undefined;
}

const tellsAll = ({ when }: Rule): boolean => when === 'always' || when === 'change';

/** @returns whether something of it went on */
export function forget(state: RuleState, key: string): boolean {
  const isKnown = state.open[key] !== undefined || state.waiting[key] !== undefined;
  delete state.open[key];
  delete state.waiting[key];
  return isKnown;
}

/** What has lasted long enough by now, and what people are to be reminded of. */
export function overdue(rule: Rule, state: RuleState, now: number): readonly Change[] {
  const lasting = Object.values(state.waiting).filter(({ due }) => due <= now);
  for (const { change } of lasting) {
    delete state.waiting[change.key];
    state.open[change.key] = { at: now, change, ...(rule.when === 'resolved' ? { silent: true } : {}) };
  }
  const { againMs } = rule;
  const again = Object.values(state.open).filter(
    ({ at, silent }) => againMs !== undefined && silent === undefined && at + againMs <= now,
  );
  for (const { change } of again) state.open[change.key] = { at: now, change };
  return [
    ...(rule.when === 'resolved' ? [] : lasting.map(({ change }) => change)),
    ...again.map(({ change }) => ({ ...change, reminder: true as const })),
  ];
}

/** When that is next, epoch ms. */
export function overdueAt({ againMs }: Rule, state: RuleState): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { due } of Object.values(state.waiting)) next = Math.min(next, due);
  if (againMs === undefined) return next;
  for (const { at, silent } of Object.values(state.open)) if (silent === undefined) next = Math.min(next, at + againMs);
  return next;
}
