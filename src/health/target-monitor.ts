import type { Message } from '../events/message.js';
import { changeMessage } from './change-message.js';
import { declaredAfter, declaredKeptMs } from './declared.js';
import { type Change, healthEvent, type Measured, statusEvent } from './events.js';
import { notFlapping } from './flapping.js';
import { covers, type Declaration, type MaintenanceWindow } from './maintenance.js';
import { MaintenanceCalendar } from './maintenance-calendar.js';
import type { Finished, Observed } from './observed.js';
import { observedAfter } from './observing.js';
import { countedFrom, endingOf, excusedSpan, extentOf, isRecovered, mistakenFor, mistakenWithout } from './outages.js';
import { type Finding, isFinding, type Result } from './result.js';
import { blankState, messageOf, type Outage, type SavedState } from './saved-state.js';
import { noStreaks } from './streaks.js';
import type { Target } from './target.js';
import { isDecided, unknownAfter } from './unknown.js';
import { counted, excused, uptimeOf } from './uptime.js';

/** The state is saved at every change, and otherwise at least this often, ms. */
export const savedEveryMs = 30_000;

const outagesKept = 20;

/**
 * What is known of one target, from run to run and over restarts.
 *
 * unknown, up, degraded, down: what was *observed*. It changes by the rule of `stateAfter`, once enough runs in a row
 * say so, and dates from the first of them. A time without checks ends a row.
 *
 * A run that says nothing about the target changes nothing of that. Where such runs go on, or another service is known
 * to be the reason, `unknown` is announced, once, and the time counts as time without checks. The first run after it
 * that agrees with what was observed before is enough to announce that.
 *
 * What `service_status` *announces* is what was observed, and `maintenance` inside a window. Observing goes on there;
 * when the window ends, what holds then is announced. The first state is announced only when it is a bad one.
 *
 * Events about a change stay pending here until they are durable, under ids that do not depend on when they are sent.
 */
export class TargetMonitor {
  readonly #target: Target;
  readonly #idSecret: string;
  readonly #calendar: MaintenanceCalendar;
  #saved: SavedState;
  /** Runs since the start agree with what was observed before it. */
  #confirmed = false;
  /** The last runs in a row that differ from what is observed. */
  #differing = 0;
  #lastFinding: Finding | undefined;

  constructor(target: Target, idSecret: string, saved: SavedState = blankState) {
    this.#target = target;
    this.#calendar = new MaintenanceCalendar(target, () => this.#saved.declared);
    this.#idSecret = idSecret;
    this.#saved = saved;
  }

  get saved(): SavedState {
    return this.#saved;
  }

  get pending(): readonly Message[] {
    return this.#saved.pending.map(messageOf);
  }

  /** `unknown` until enough was seen since the checks began again. */
  get status(): SavedState['announced'] {
    if (this.#saved.announced === 'maintenance') return 'maintenance';
    return this.#observed;
  }

  /** When `status` began, epoch ms; undefined while that is not known. */
  get since(): number | undefined {
    return this.status === 'unknown' || this.status === 'maintenance' ? undefined : this.#saved.observedSince;
  }

  /** The last run was worse than what is known, and the next ones decide whether that is to change. */
  get suspects(): boolean {
    const { observed } = this.#saved;
    const worse = this.#lastFinding === 'down' ? observed !== 'down' : observed === 'up' || observed === 'unknown';
    return this.#lastFinding !== undefined && this.#lastFinding !== 'up' && worse && this.#undecided;
  }

  /** The outage that a good run would end now; undefined where there is none, or no end is announced now. */
  outageEnding(at: number): ReturnType<typeof endingOf> {
    return this.#calendar.at(at) === undefined ? endingOf(this.#outage, this.#saved.streaks, at) : undefined;
  }

  get uptime(): number | undefined {
    return uptimeOf(this.#saved.hours);
  }

  observe({ at, ended, result, cost }: Finished): Observed {
    const before = this.#saved;
    const { finding } = result;
    const unknownMs = finding === 'unknown' ? 0 : this.#unknownBefore(at);
    let event: Message | undefined;
    if (finding === 'unknown') this.#notKnown(result, at, ended);
    else {
      if (unknownMs > 0) this.#interrupted(unknownMs);
      const maintenance = this.#calendar.at(at) !== undefined;
      if (!maintenance) this.#become({ hours: counted(this.#saved.hours, at, finding !== 'down') });
      this.#become({ unknown: this.#saved.unknown?.announced ? { ...this.#saved.unknown, runs: 0 } : null });
      this.#follow(finding, at);
      const measured = { at, result, uptime: this.uptime, maintenance, unknownMs, cost };
      this.#announceChange(measured, ended);
      this.#become({ lastRun: ended });
      event = healthEvent(this.#target, measured, ended, this.#idSecret);
    }
    const { observed, announced, observedSince, pending } = this.#saved;
    return {
      event,
      changes: this.#since(before),
      changed: observed !== before.observed || announced !== before.announced || pending !== before.pending,
      state: this.#observed,
      since: observedSince,
      interrupted: unknownMs > 0,
      window: this.#calendar.configuredAt(at),
    };
  }

  /**
   * Maintenance opens a window, another status of now ends one that is open. The declaration is an event itself, so
   * that none is made here, except to correct outages that were announced and turn out to have been maintenance, or to
   * have been outages after all.
   * @returns those corrections
   */
  declare(declaration: Declaration, now: number): readonly Message[] {
    const before = this.#saved;
    const declared = declaredAfter(this.#saved.declared, declaration, now);
    if (declared === undefined) return [];
    this.#become({ declared });
    const { status, at, window } = declaration;
    for (const { from, until } of before.declared.filter(one => declaration.withdraws && !declared.includes(one)))
      this.#correct({ ...window, from, until: until ?? undefined }, now, 'down');
    if (status !== 'maintenance') {
      if (this.#saved.announced === 'maintenance' && this.#calendar.at(at) === undefined && isFinding(status))
        this.#become({ announced: status });
      return this.#since(before);
    }
    this.#correct(window, now);
    this.#excuse(window, now);
    if (covers(window, now)) this.#become({ announced: 'maintenance' });
    return this.#since(before);
  }

  /** Windows of the configuration, too, may be written down afterwards. */
  resume(now: number): void {
    for (const window of this.#calendar.configuredBetween(now - declaredKeptMs, now))
      if (this.#correct(window, now)) this.#excuse(window, now);
  }

  published(ids: ReadonlySet<string>): void {
    this.#become({ pending: this.#saved.pending.filter(({ id }) => !ids.has(id)) });
  }

  /** The one place where the state changes. */
  #become(patch: Partial<SavedState>): void {
    this.#saved = { ...this.#saved, ...patch };
  }

  #since(before: SavedState): readonly Message[] {
    return this.#saved.pending.slice(before.pending.length).map(messageOf);
  }

  #unknownBefore(at: number): number {
    const { lastRun } = this.#saved;
    const passed = lastRun === null ? 0 : at - lastRun;
    const { announced = false, runs = 0 } = this.#saved.unknown ?? {};
    return (announced && runs > 0) || passed > 2 * this.#target.intervalMs + savedEveryMs ? passed : 0;
  }

  #interrupted(unknownMs: number): void {
    this.#confirmed = false;
    this.#differing = 0;
    this.#become({ streaks: noStreaks, flapping: notFlapping });
    const outage = this.#outage;
    if (outage?.until === null) this.#outage = { ...outage, unknownMs: outage.unknownMs + unknownMs };
  }

  /** From the finding of a run to what is observed. */
  #follow(finding: Finding, at: number): void {
    const { streaks, flapping, next } = observedAfter(this.#saved, this.#target, finding, at);
    this.#become({ streaks, flapping });
    this.#lastFinding = finding;
    if (next !== undefined) this.#observe(next.state, next.since);
    this.#differing = finding === this.#saved.observed ? 0 : this.#differing + 1;
    if (next !== undefined || !this.#undecided) this.#confirmed = true;
  }

  #observe(state: Finding, since: number): void {
    this.#become({ observed: state, observedSince: since });
    const outage = this.#outage;
    if (state === 'down') {
      const begun = { id: null, from: since, until: null, unknownMs: 0, over: false, corrected: false };
      this.#become({ outages: [...this.#saved.outages, begun].slice(-outagesKept) });
    } else if (outage?.until === null) this.#outage = { ...outage, until: since };
  }

  get #observed(): SavedState['observed'] {
    return this.#confirmed && !this.#saved.unknown?.announced ? this.#saved.observed : 'unknown';
  }

  /** The last runs differ from what is observed, and the next ones may change it. Runs that go to and fro never do. */
  get #undecided(): boolean {
    const { down, up } = this.#target.threshold;
    return this.#differing > 0 && this.#differing < down + up;
  }

  #announceChange(measured: Measured, now: number): void {
    const { at, result, cost } = measured;
    const before = this.#saved;
    const { observed, observedSince: since, announced, unknown } = before;
    const window = this.#calendar.at(at);
    const wanted = window === undefined ? observed : 'maintenance';
    if (wanted === announced || wanted === 'unknown') return;
    // What was observed before is about to change: announced once that is decided.
    if ((announced === 'maintenance' || unknown?.announced) && this.#undecided) return;
    if (wanted === 'maintenance') return this.#maintenanceBegins(window, at, now);
    this.#become({ announced: wanted, unknown: null });
    const previous = announced;
    const causedBy = unknown?.causedBy ?? undefined;
    if (wanted === 'down') return this.#outageBegins(measured, { previous, causedBy }, now);
    const recovered = isRecovered(this.#outage) ? this.#outage : undefined;
    if (wanted === 'up' && announced === 'unknown' && !unknown?.announced && recovered === undefined) return;
    const message = changeMessage(wanted, before, result.reason);
    if (recovered !== undefined) this.#outage = { ...recovered, over: true };
    const windows = recovered && this.#calendar.between(recovered.from, recovered.until ?? at);
    const extent = recovered === undefined ? {} : { ...extentOf(recovered, windows ?? []), cost };
    this.#announce({ status: wanted, previous, since, causedBy, at, message, ...extent, measured }, now);
  }

  /** A run that says nothing about the target. */
  #notKnown(result: Result, at: number, now: number): void {
    const { announced: previous } = this.#saved;
    const unknown = unknownAfter(this.#saved.unknown, result, at);
    this.#become({ unknown });
    const window = this.#calendar.at(at);
    if (window !== undefined) return previous === 'maintenance' ? undefined : this.#maintenanceBegins(window, at, now);
    if (!isDecided(unknown, result, this.#saved, this.#target.threshold.down)) return;
    const { reason: message, causedBy, causeMaintained: maintenance = false } = result;
    this.#become({ announced: 'unknown', unknown: { ...unknown, announced: true, excused: maintenance } });
    this.#announce({ status: 'unknown', previous, since: unknown.since, causedBy, maintenance, at, message }, now);
  }

  /** A window that an event declared needs no other event. */
  #maintenanceBegins(window: MaintenanceWindow | undefined, at: number, now: number): void {
    const previous = this.#saved.announced;
    this.#become({ announced: 'maintenance' });
    if (window === undefined || this.#calendar.configuredAt(at) === undefined) return;
    const { from, until, message } = window;
    this.#announce({ status: 'maintenance', previous, since: from, at, message, from, until }, now);
  }

  #outageBegins(measured: Measured, before: Pick<Change, 'previous' | 'causedBy'>, now: number): void {
    const outage = this.#outage;
    if (outage === undefined) return;
    const { at, result } = measured;
    const from = countedFrom(outage, this.#calendar.between(outage.from, at), at);
    const change = { status: 'down', ...before, since: from, at, message: result.reason, from, measured } as const;
    const id = this.#announce(change, now);
    this.#outage = { ...outage, from, id: outage.id ?? id };
  }

  /** Outages that were announced, and turn out to have been something else. @returns whether there were any */
  #correct(window: MaintenanceWindow, now: number, status: 'maintenance' | 'down' = 'maintenance'): boolean {
    const { outages } = this.#saved;
    const corrected = status === 'maintenance';
    const isMaintenance = (at: number): boolean => this.#calendar.at(at) !== undefined;
    const mistaken = corrected ? mistakenFor(window, outages) : mistakenWithout(window, outages, isMaintenance);
    for (const outage of mistaken) {
      const span = excusedSpan(outage, window);
      // How it goes on, the next run says.
      const until = corrected ? span.until : Math.min(span.until ?? now, now);
      const corrects = outage.id ?? undefined;
      this.#announce({ status, at: now, message: window.message, from: span.from, until, corrects }, now);
    }
    this.#become({ outages: outages.map(one => (mistaken.includes(one) ? { ...one, corrected } : one)) });
    return mistaken.length > 0;
  }

  /** Checks in the window no longer count for the uptime. */
  #excuse({ from, until }: MaintenanceWindow, now: number): void {
    this.#become({ hours: excused(this.#saved.hours, from, Math.min(until ?? now, now), now) });
  }

  /** @returns the event's id */
  #announce(change: Change, now: number): string {
    const { id, body, received } = statusEvent(this.#target, change, now, this.#idSecret);
    this.#become({ pending: [...this.#saved.pending, { id, body, received }] });
    return id;
  }

  /** The latest outage. */
  get #outage(): Outage | undefined {
    return this.#saved.outages.at(-1);
  }

  set #outage(outage: Outage) {
    this.#become({ outages: [...this.#saved.outages.slice(0, -1), outage] });
  }
}
