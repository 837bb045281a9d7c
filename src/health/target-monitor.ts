import type { Message } from '../events/message.js';
import { type Change, healthEvent, type Measured, statusEvent } from './events.js';
import { covers, type Declaration, type MaintenanceWindow, overlapMs } from './maintenance.js';
import type { Finding, Result } from './result.js';
import { blankState, messageOf, type Outage, type SavedState } from './saved-state.js';
import { followedBy, noStreaks, stateAfter } from './streaks.js';
import type { Target } from './target.js';
import { counted, excused, uptimeOf } from './uptime.js';

/** The state is saved at every change, and otherwise at least this often, ms. */
export const savedEveryMs = 30_000;

const outagesKept = 20;
const declaredKept = 50;
const declaredKeptMs = 7 * 86_400_000;

export interface Finished {
  /** Begin and end of the run, epoch ms. */
  readonly at: number;
  readonly ended: number;
  readonly result: Result;
}

export interface Observed {
  /** The `health` event of the run. */
  readonly event: Message;
  /** New events about a change. */
  readonly changes: readonly Message[];
  /** The state is to be saved before the changes are published. */
  readonly changed: boolean;
  /** What holds after it, and since when; `unknown` until enough was seen since the checks began again. */
  readonly state: SavedState['observed'];
  readonly since: number;
  /** No check was made before this one for too long. */
  readonly interrupted: boolean;
  /** The maintenance of the settings in which the run lies. */
  readonly window: MaintenanceWindow | undefined;
}

/**
 * What is known of one target, from run to run and over restarts.
 *
 * unknown, up, degraded, down: what was *observed*. It changes by the rule of `stateAfter`, once enough runs in a row
 * say so, and dates from the first of them. A time without checks ends a row.
 *
 * What `service_status` *announces* is what was observed, and `maintenance` inside a window. Observing goes on there;
 * when the window ends, what holds then is announced. The first state is announced only when it is a bad one.
 *
 * Events about a change stay pending here until they are durable, under ids that do not depend on when they are sent.
 */
export class TargetMonitor {
  readonly #target: Target;
  readonly #idSecret: string;
  #saved: SavedState;
  /** Runs since the start agree with what was observed before it. */
  #confirmed = false;
  /** The last runs in a row that differ from what is observed. */
  #differing = 0;

  constructor(target: Target, idSecret: string, saved: SavedState = blankState) {
    this.#target = target;
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

  get uptime(): number | undefined {
    return uptimeOf(this.#saved.hours);
  }

  observe({ at, ended, result }: Finished): Observed {
    const before = this.#saved;
    const unknownMs = this.#unknownBefore(at);
    if (unknownMs > 0) this.#interrupted(unknownMs);
    const maintenance = this.#windowAt(at) !== undefined;
    if (!maintenance) this.#become({ hours: counted(this.#saved.hours, at, result.finding !== 'down') });
    this.#follow(result.finding, at);
    const measured = { at, result, uptime: this.uptime, maintenance, unknownMs };
    this.#announceChange(measured, ended);
    this.#become({ lastRun: ended });
    const changed = this.#saved.observed !== before.observed || this.#saved.announced !== before.announced;
    return {
      event: healthEvent(this.#target, measured, ended, this.#idSecret),
      changes: this.#since(before),
      changed,
      state: this.#observed,
      since: this.#saved.observedSince,
      interrupted: unknownMs > 0,
      window: this.#target.maintenance.find(window => covers(window, at)),
    };
  }

  /**
   * Maintenance opens a window, any other status ends one that is open. The declaration is an event itself, so that
   * none is made here, except to correct outages that were announced and turn out to have been maintenance.
   * @returns those corrections
   */
  declare({ status, at, window }: Declaration, now: number): readonly Message[] {
    const before = this.#saved;
    const declared = this.#saved.declared.filter(({ until }) => until === null || until > now - declaredKeptMs);
    if (status !== 'maintenance') {
      const ended = declared.map(one => (covers(one, at) ? { ...one, until: at } : one));
      this.#become({ declared: ended });
      if (this.#saved.announced === 'maintenance' && this.#windowAt(at) === undefined && isFinding(status))
        this.#become({ announced: status });
      return [];
    }
    const until = window.until ?? null;
    if (until !== null && until <= window.from) return [];
    if (declared.some(one => one.from === window.from && one.until === until)) return [];
    this.#become({ declared: [...declared, { from: window.from, until }].slice(-declaredKept) });
    this.#correct(window, now);
    this.#excuse(window, now);
    if (covers(window, now)) this.#become({ announced: 'maintenance' });
    return this.#since(before);
  }

  /** Windows of the configuration, too, may be written down afterwards. */
  resume(now: number): void {
    for (const window of this.#target.maintenance) if (this.#correct(window, now)) this.#excuse(window, now);
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
    return passed > 2 * this.#target.intervalMs + savedEveryMs ? passed : 0;
  }

  #interrupted(unknownMs: number): void {
    this.#confirmed = false;
    this.#become({ streaks: noStreaks });
    const outage = this.#outage;
    if (outage?.until === null) this.#outage = { ...outage, unknownMs: outage.unknownMs + unknownMs };
  }

  /** From the finding of a run to what is observed. */
  #follow(finding: Finding, at: number): void {
    const streaks = followedBy(this.#saved.streaks, finding, at);
    const next = stateAfter(this.#saved.observed, streaks, this.#target.threshold);
    this.#become({ streaks });
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

  /** The last runs differ from what is observed, and the next ones may change it. Runs that go to and fro never do. */
  get #undecided(): boolean {
    const { down, up } = this.#target.threshold;
    return this.#differing > 0 && this.#differing < down + up;
  }

  #announceChange(measured: Measured, now: number): void {
    const { at, result } = measured;
    const { observed, announced } = this.#saved;
    const window = this.#windowAt(at);
    const wanted = window === undefined ? observed : 'maintenance';
    if (wanted === announced || wanted === 'unknown') return;
    // What was observed in maintenance is about to change: announced once that is decided.
    if (announced === 'maintenance' && this.#undecided) return;
    this.#become({ announced: wanted });
    if (wanted === 'maintenance') return this.#maintenanceBegins(window, at, now);
    if (wanted === 'down') return this.#outageBegins(measured, now);
    const outage = this.#outage;
    const recovered = outage?.id != null && outage.until !== null && !outage.over ? outage : undefined;
    if (wanted === 'up' && announced === 'unknown' && recovered === undefined) return;
    const message =
      wanted === 'up' ? (announced === 'maintenance' ? 'maintenance has ended' : undefined) : result.reason;
    if (recovered !== undefined) this.#outage = { ...recovered, over: true };
    this.#announce(
      { status: wanted, at, message, ...(recovered === undefined ? {} : this.#extent(recovered)), measured },
      now,
    );
  }

  /** A window that an event declared needs no other event. */
  #maintenanceBegins(window: MaintenanceWindow | undefined, at: number, now: number): void {
    if (window === undefined || !this.#target.maintenance.includes(window)) return;
    const { from, until, message } = window;
    this.#announce({ status: 'maintenance', at, message, from, until }, now);
  }

  /** An outage that began in maintenance counts from the end of that; one that maintenance interrupted goes on. */
  #outageBegins(measured: Measured, now: number): void {
    const outage = this.#outage;
    if (outage === undefined) return;
    const ends = this.#windows.flatMap(({ until }) => (until != null && until <= measured.at ? until : []));
    const from = outage.id === null ? Math.max(outage.from, ...ends) : outage.from;
    const change = { status: 'down', at: measured.at, message: measured.result.reason, from, measured } as const;
    const id = this.#announce(change, now);
    this.#outage = { ...outage, from, id: outage.id ?? id };
  }

  /** Without maintenance, and without the time in which the daemon was not running. */
  #extent({ from, until, unknownMs }: Outage): Pick<Change, 'from' | 'until' | 'outageMs' | 'unknownMs'> {
    const end = until ?? from;
    const outageMs = Math.max(0, end - from - unknownMs - overlapMs(this.#windows, from, end));
    return { from, until: end, outageMs, unknownMs };
  }

  /** Outages that were announced, and began in a window that nobody knew of then. @returns whether there were any */
  #correct({ from, until, message }: MaintenanceWindow, now: number): boolean {
    const mistaken = this.#saved.outages.filter(
      outage => outage.id !== null && !outage.corrected && covers({ from, until }, outage.from),
    );
    for (const outage of mistaken) {
      const ends = [outage.until, until].filter(end => end != null);
      const end = ends.length === 0 ? undefined : Math.min(...ends);
      const span = { from: outage.from, until: end };
      this.#announce({ status: 'maintenance', at: now, message, ...span, corrects: outage.id ?? undefined }, now);
    }
    this.#become({
      outages: this.#saved.outages.map(one => (mistaken.includes(one) ? { ...one, corrected: true } : one)),
    });
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

  get #observed(): SavedState['observed'] {
    return this.#confirmed ? this.#saved.observed : 'unknown';
  }

  get #windows() {
    return [...this.#target.maintenance, ...this.#saved.declared];
  }

  #windowAt(at: number): MaintenanceWindow | undefined {
    const configured = this.#target.maintenance.find(window => covers(window, at));
    if (configured !== undefined) return configured;
    const declared = this.#saved.declared.find(window => covers(window, at));
    return declared && { from: declared.from, until: declared.until ?? undefined, message: undefined };
  }

  /** The latest outage. */
  get #outage(): Outage | undefined {
    return this.#saved.outages.at(-1);
  }

  set #outage(outage: Outage) {
    this.#become({ outages: [...this.#saved.outages.slice(0, -1), outage] });
  }
}

function isFinding(status: string): status is Finding {
  return status === 'up' || status === 'degraded' || status === 'down';
}
