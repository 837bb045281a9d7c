import type { Event } from '../../src/events/event.js';
import type { NotifyConfig } from '../../src/notify/config.js';
import { notificationOf } from '../../src/notify/notification.js';
import { parseRules } from '../../src/notify/parse-rules.js';
import { type Planned, Planner, type PlannerState } from '../../src/notify/planner.js';

let made = 0;

/** An event about a service or anything else, at a time. */
export function event(kind: string, at: number, fields: Record<string, unknown> = {}): Event {
  const [category = kind, type] = kind.split('.');
  made += 1;
  return { id: `event-${made}`, category, type, created: at, received: at, source: 'http', fields: { ...fields } };
}

/** Its time is a text: on a clock that begins in 1970, a number would be read as seconds. */
export const down = (name: string, at: number, message = 'connection refused'): Event =>
  event('service_status.down', at, { service_name: name, message, from: new Date(at).toISOString() });
export const up = (name: string, at: number): Event => event('service_status.up', at, { service_name: name });

export function configOf(rules: readonly unknown[] = [{}], channels = ['notify.email']): NotifyConfig {
  const problems: string[] = [];
  const parsed = parseRules(rules, { add: (name, message) => problems.push(`${name}: ${message}`) });
  if (problems.length > 0) throw new Error(problems.join('; '));
  return {
    rules: parsed.map(({ to, place: _place, ...rule }) => ({ ...rule, channels: to ?? channels })),
    waitMs: 3_000,
    maxMs: 60_000,
    pageUrl: undefined,
  };
}

/** A planner whose time the test moves, and that is restarted from what it keeps whenever something was done. */
export class PlannerScene {
  now = 1_800_000_000_000;
  state: PlannerState | undefined;
  readonly sent: { at: number; planned: Planned }[] = [];
  readonly start = this.now;
  readonly #config: NotifyConfig;

  constructor(rules?: readonly unknown[], channels?: readonly string[]) {
    this.#config = configOf(rules, channels === undefined ? undefined : [...channels]);
  }

  add(...events: readonly Event[]): number {
    const planner = new Planner(this.#config, this.#restored());
    const known = planner.add(events, this.now);
    this.state = planner.state;
    return known;
  }

  /** Moves time on, sending what is due when it is due. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const planner = new Planner(this.#config, this.#restored());
      const next = planner.next;
      if (next > end) break;
      this.now = Math.max(this.now, next);
      const planned = planner.due(this.now, () => `message-${this.sent.length + 1}`);
      this.sent.push(...planned.map(one => ({ at: this.now - this.start, planned: one })));
      this.state = planner.state;
    }
    this.now = end;
  }

  get subjects(): string[] {
    return this.sent.map(({ planned }) => notificationOf({ ...planned, at: this.now }).subject);
  }

  /** As a restart finds it. */
  #restored(): PlannerState | undefined {
    return this.state === undefined ? undefined : (JSON.parse(JSON.stringify(this.state)) as PlannerState);
  }
}
