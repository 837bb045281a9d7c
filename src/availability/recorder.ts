import { dayOf } from '../calendar.js';
import type { Span } from '../spans.js';
import type { KeepAvailabilityArguments, Lane } from '../storage/availability.js';
import { bucketOf } from './response-times.js';

/** One check, and what is known after it. */
export interface Seen {
  /** Begin and end of the run, epoch ms. */
  readonly at: number;
  readonly ended: number;
  /** End of the run before it; null = there is none. */
  readonly previous: number | null;
  /** No check was made since then, for too long: what the service was meanwhile is not known. */
  readonly interrupted: boolean;
  /** What the service is, by the thresholds, and since which run; `unknown` until enough was seen. */
  readonly state: string;
  readonly since: number;
  readonly reason: string | undefined;
  /** The maintenance of the settings in which the run lies. */
  readonly window:
    | { readonly from: number; readonly until: number | undefined; readonly message: string | undefined }
    | undefined;
  /** Until the next run, ms. */
  readonly intervalMs: number;
  /** Undefined when nothing answered. */
  readonly responseMs: number | undefined;
}

/** Changes that wait for a disk that takes nothing; what is older is unknown in the end. */
const maxWaiting = 1_000;

/**
 * What the checks of a service say of its availability, until it is written down. The time between two checks counts as
 * what the later one leaves as the state; the time in which nobody checked counts as nothing.
 */
export class AvailabilityRecorder {
  readonly #service: string;
  #spans: (Span & { readonly lane: Lane })[] = [];
  /** The one that each further check makes longer. */
  #open: Span | undefined;
  #maintenance: Span | undefined;
  /** Since when the checks follow each other, epoch ms. */
  #watched: number | undefined;
  #times = new Map<number, Map<number, number>>();

  readonly #keep: (seen: KeepAvailabilityArguments) => Promise<void>;
  readonly #onError: (error: unknown) => void;

  constructor(
    service: string,
    keep: (seen: KeepAvailabilityArguments) => Promise<void>,
    onError: (error: unknown) => void,
  ) {
    this.#service = service;
    this.#keep = keep;
    this.#onError = onError;
  }

  see({ at, ended, previous, interrupted, state, since, reason, window, intervalMs, responseMs }: Seen): void {
    if (interrupted) this.#end();
    if (interrupted || this.#watched === undefined) this.#watched = interrupted ? at : (previous ?? at);
    if (responseMs !== undefined) this.#count(dayOf(at), bucketOf(responseMs));
    if (window !== undefined) {
      const until = Math.min(window.until ?? Number.POSITIVE_INFINITY, ended + intervalMs);
      this.#maintenance = { from: window.from, until, state: 'maintenance', reason: window.message };
    }
    if (state === 'unknown') return this.#end();
    const open = this.#open;
    if (open === undefined) {
      const from = Math.max(this.#watched, Math.min(since, at));
      this.#open = { from, until: ended, state, reason };
    } else if (open.state === state) this.#open = { ...open, until: Math.max(open.until, ended) };
    else {
      // The first run that differs was counted as the state before: it is known only now.
      const from = Math.max(open.from, Math.min(since, at));
      this.#close({ ...open, until: from });
      this.#open = { from, until: ended, state, reason };
    }
  }

  /** Never rejects: what could not be written is written with what comes next. */
  async save(): Promise<void> {
    const [closed, maintenance] = [this.#spans, this.#maintenance];
    const seen = this.#take();
    if (seen === undefined) return;
    try {
      await this.#keep(seen);
    } catch (error) {
      // The open one comes again by itself: what waits grows with the changes alone, and not for ever.
      this.#spans = [...closed, ...this.#spans].slice(-maxWaiting);
      this.#maintenance ??= maintenance;
      for (const { day, counts } of seen.times) for (const [bucket, count] of counts) this.#count(day, bucket, count);
      this.#onError(error);
    }
  }

  #take(): KeepAvailabilityArguments | undefined {
    const open = this.#open === undefined ? [] : [{ lane: 'observed' as const, ...this.#open }];
    const maintenance = this.#maintenance === undefined ? [] : [{ lane: 'maintenance' as const, ...this.#maintenance }];
    const spans = [...this.#spans, ...open, ...maintenance];
    if (spans.length === 0) return undefined;
    const times = [...this.#times].map(([day, counts]) => ({ day, counts: [...counts] }));
    this.#spans = [];
    this.#maintenance = undefined;
    this.#times = new Map();
    return { service: this.#service, spans, times };
  }

  #end(): void {
    if (this.#open !== undefined) this.#close(this.#open);
    this.#open = undefined;
  }

  #close(span: Span): void {
    if (span.until > span.from) this.#spans.push({ lane: 'observed', ...span });
  }

  #count(day: number, bucket: number, count = 1): void {
    const counts = this.#times.get(day) ?? new Map<number, number>();
    counts.set(bucket, (counts.get(bucket) ?? 0) + count);
    this.#times.set(day, counts);
  }
}
