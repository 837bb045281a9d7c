import type { Event } from '../events/event.js';
import { type ChannelState, dueAt, endQuietly, gather, sent } from './channel-state.js';
import type { NotifyConfig } from './config.js';
import { isAbout, type Rule } from './rule.js';
import { type Change, emptyRuleState, follow, forget, overdue, overdueAt, type RuleState } from './rule-state.js';
import { signalOf } from './signal.js';
import { observe, releaseDue, released, type Subjects, type Transition, trim } from './subjects.js';

/** What is kept from one event to the next, and over restarts; plain JSON. */
export interface PlannerState {
  readonly version: 1;
  /** Ids of the last events: what is delivered again says nothing new. */
  readonly seen: readonly string[];
  readonly subjects: Subjects;
  /** By the id of the rule. */
  readonly rules: Readonly<Record<string, RuleState>>;
  /** By name. */
  readonly channels: Readonly<Record<string, ChannelState>>;
}

export interface Planned {
  readonly channels: readonly string[];
  readonly changes: readonly Change[];
  /** The first message about the same outage; undefined for that one. */
  readonly thread: string | undefined;
  readonly id: string;
}

/** More than two batches, so that what a crash has delivered again is recognised. */
const seenKept = 1_000;

export const emptyState: PlannerState = { version: 1, seen: [], subjects: {}, rules: {}, channels: {} };

/**
 * Decides who is notified of what, and when. Nothing happens here: events and the time go in, messages come out, and
 * the state is plain data that its owner keeps.
 *
 * An event is a signal about a subject (subjects.ts). A signal that changes something is a transition, and each rule
 * follows those that it is about (rule-state.ts). What a rule reports gathers in its channels until their messages are
 * due (channel-state.ts).
 */
export class Planner {
  readonly #config: NotifyConfig;
  readonly #seen: Set<string>;
  readonly #subjects: Subjects;
  readonly #rules: Record<string, RuleState>;
  readonly #channels: Record<string, ChannelState>;

  /** What is kept of rules and channels that are no more is left behind. */
  constructor(config: NotifyConfig, state: PlannerState = emptyState) {
    const { seen, subjects, rules, channels } = structuredClone(state);
    this.#config = config;
    this.#seen = new Set(seen);
    this.#subjects = subjects;
    this.#rules = Object.fromEntries(config.rules.map(({ id }) => [id, rules[id] ?? emptyRuleState()]));
    const names = new Set(config.rules.flatMap(rule => rule.channels));
    this.#channels = Object.fromEntries([...names].map(name => [name, channels[name] ?? { open: {} }]));
  }

  get state(): PlannerState {
    return {
      version: 1,
      seen: [...this.#seen].slice(-seenKept),
      subjects: this.#subjects,
      rules: this.#rules,
      channels: this.#channels,
    };
  }

  /** When there is something to do next, epoch ms. */
  get next(): number {
    return Math.min(
      releaseDue(this.#subjects),
      ...this.#config.rules.map(rule => overdueAt(rule, this.#rules[rule.id]!)),
      ...Object.values(this.#channels).map(channel => dueAt(channel, this.#config)),
    );
  }

  /** @returns how many of them were known */
  add(events: readonly Event[], now: number): number {
    let known = 0;
    for (const event of events) {
      if (this.#seen.has(event.id)) known += 1;
      else this.#take(event, now);
      this.#seen.add(event.id);
    }
    trim(this.#subjects);
    return known;
  }

  #take(event: Event, now: number): void {
    const signal = signalOf(event, now);
    const transition = signal && observe(this.#subjects, signal, now);
    if (transition !== undefined) this.#follow(transition, now);
  }

  #follow(transition: Transition, now: number): void {
    const about = this.#config.rules.filter(rule => isAbout(rule, transition.signal));
    const reported = new Map<string, Change>();
    for (const rule of about) {
      const change = follow(rule, this.#rules[rule.id]!, transition, now);
      if (change !== undefined) for (const name of rule.channels) reported.set(name, change);
    }
    for (const [name, change] of reported) this.#gather(name, change, now);
    const { key, level } = transition.signal;
    if (level !== 'ok' && level !== 'maintenance') return;
    // It is over under rules that do not name its end, too.
    const others = this.#config.rules.filter(rule => !about.includes(rule) && forget(this.#rules[rule.id]!, key));
    for (const name of new Set([...about, ...others].flatMap(({ channels }) => channels)))
      if (!reported.has(name)) this.#channels[name] = endQuietly(this.#channels[name]!, transition.signal, now);
  }

  #gather(name: string, change: Change, now: number): void {
    this.#channels[name] = gather(this.#channels[name]!, change, now);
  }

  /** Messages that are to go out now. What two channels are to be notified of alike is one message. */
  due(now: number, idOf: (changes: readonly Change[], channels: readonly string[]) => string): readonly Planned[] {
    for (const transition of released(this.#subjects, now)) this.#follow(transition, now);
    for (const rule of this.#config.rules) this.#remind(rule, now);
    const groups = new Map<string, { channels: string[]; changes: readonly Change[] }>();
    for (const [name, channel] of Object.entries(this.#channels)) {
      if (channel.group === undefined || dueAt(channel, this.#config) > now) continue;
      const changes = Object.values(channel.group.changes);
      const same = JSON.stringify([changes, channel.open, channel.failure]);
      const group = groups.get(same);
      if (group === undefined) groups.set(same, { channels: [name], changes });
      else group.channels.push(name);
    }
    return [...groups.values()].map(({ channels, changes }) =>
      this.#send(channels, changes, idOf(changes, channels), now),
    );
  }

  #remind(rule: Rule, now: number): void {
    for (const change of overdue(rule, this.#rules[rule.id]!, now))
      for (const name of rule.channels) this.#gather(name, change, now);
  }

  #send(channels: readonly string[], changes: readonly Change[], id: string, now: number): Planned {
    let thread = id;
    for (const name of channels) {
      const after = sent(this.#channels[name]!, id, now, this.#config);
      this.#channels[name] = after.channel;
      thread = after.thread;
    }
    return { channels, changes, id, thread: thread === id ? undefined : thread };
  }
}
