import type { Event } from '../events/event.js';
import type { NotifyConfig } from './config.js';
import { type Notification, notificationOf } from './notification.js';
import { Planner } from './planner.js';
import { isAbout, isAtLeast, type Rule } from './rule.js';
import { type Signal, signalOf } from './signal.js';

/** What one rule would do about an event, if nothing were known before it. */
export interface Forecast {
  /** In the order of the configuration, from 1. */
  readonly rule: number;
  readonly channels: readonly string[];
  /** Undefined: it notifies nobody, for the reason given. */
  readonly message?: Pick<Notification, 'type' | 'subject' | 'message' | 'severity'> & {
    /** How long after the event it would go out, if that state lasts. */
    readonly after_seconds: number;
  };
  readonly reason?: string;
}

/** Waits of a rule one after the other: for `after`, then for the group. */
const maxSteps = 4;

/** Undefined: the event says nothing to people. */
export function forecast(
  event: Event,
  config: NotifyConfig,
  now: number,
): { readonly signal: Signal; readonly rules: readonly Forecast[] } | undefined {
  const signal = signalOf(event, now);
  if (signal === undefined) return undefined;
  const rules = config.rules.map((rule, index): Forecast => {
    const common = { rule: index + 1, channels: rule.channels };
    const message = messageOf(event, { ...config, rules: [rule] }, now);
    return message === undefined ? { ...common, reason: reasonOf(rule, signal) } : { ...common, message };
  });
  return { signal, rules };
}

/** By the planner itself, with a clock of its own. */
function messageOf(event: Event, config: NotifyConfig, now: number): Forecast['message'] {
  const planner = new Planner(config);
  planner.add([event], now);
  for (let step = 0; step < maxSteps && Number.isFinite(planner.next); step += 1) {
    const at = Math.max(now, planner.next);
    const [plan] = planner.due(at, () => event.id);
    if (plan === undefined) continue;
    const { type, subject, message, severity } = notificationOf({ ...plan, at, pageUrl: config.pageUrl });
    return { after_seconds: (at - now) / 1000, type, subject, message, severity };
  }
  return undefined;
}

function reasonOf(rule: Rule, signal: Signal): string {
  if (!isAbout(rule, signal)) return 'it is about other events or services';
  if (!isAtLeast(signal.severity, rule.severity)) return `it is about severity ${rule.severity} and worse`;
  if (rule.afterCount > 1) return `it waits for ${rule.afterCount} failures in a row`;
  return `it reports ${rule.when}: nothing of this event alone`;
}
