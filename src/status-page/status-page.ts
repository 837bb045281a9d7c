import type { ServiceReport } from '../availability/report.js';
import { dayBefore, dayMs, dayOf, startOfDay } from '../calendar.js';
import type { Clock } from '../clock.js';
import { singleFlight } from '../single-flight.js';
import type { SaidOf } from '../storage/availability.js';
import { type Incident, incidentsOf } from './incidents.js';
import { type Planned, plannedMs, plannedOf, type Window } from './planned.js';

/** What may be shown of a target. */
export interface ShownTarget {
  readonly name: string;
  readonly group: string | undefined;
  /** The maintenance of the settings that has a part of this time, and more. */
  windows(from: number, until: number): readonly Window[];
}

export type DayState = 'up' | 'degraded' | 'down' | 'maintenance' | 'unknown';

/** How a service is now. */
export interface CurrentState {
  readonly service_name: string;
  readonly state: DayState;
  /** Epoch ms. */
  readonly since: number | null;
}

export interface ShownService {
  readonly name: string;
  readonly state: DayState;
  /** Epoch ms. */
  readonly since: number | null;
  /** Percent of the days shown; null where nobody looked. */
  readonly availability: number | null;
  /** The worst of each day, oldest first. */
  readonly days: readonly { readonly day: number; readonly state: DayState; readonly availability: number | null }[];
}

export interface StatusView {
  /** What the page is called. */
  readonly name: string;
  /** When it was looked up, epoch ms. */
  readonly at: number;
  /** The worst of all services. */
  readonly state: DayState;
  readonly groups: readonly { readonly name: string | null; readonly services: readonly ShownService[] }[];
  /** The next one first. */
  readonly planned: readonly Planned[];
  /** Newest first. */
  readonly incidents: readonly Incident[];
}

export interface StatusPageOptions {
  readonly name: string;
  readonly targets: () => readonly ShownTarget[];
  readonly services: () => Promise<readonly CurrentState[]>;
  /** Availability in days of UTC, 20260315. */
  readonly availability: (range: { first: number; last: number }) => Promise<readonly ServiceReport[]>;
  /** What people said of the time from now on. */
  readonly announced: (until: number) => Promise<readonly SaidOf[]>;
  readonly clock: Clock;
}

export const shownDays = 90;
/** Whoever asks more often gets the same again. */
const maxAgeMs = 20_000;
const worstFirst = ['down', 'degraded', 'maintenance', 'unknown', 'up'] as const;
/** A day of which some minutes are not known is as good as the rest. */
const worstOfDay = ['down', 'degraded', 'maintenance', 'up', 'unknown'] as const;

/** What everybody may know of the services: no reason that a check found, for those name hosts and paths. */
export class StatusPage {
  readonly view: () => Promise<StatusView>;
  readonly #options: StatusPageOptions;

  constructor(options: StatusPageOptions) {
    this.#options = options;
    this.view = singleFlight(options.clock, maxAgeMs, () => this.#look());
  }

  async #look(): Promise<StatusView> {
    const { name, clock } = this.#options;
    const targets = this.#options.targets();
    const at = clock.now();
    const last = dayOf(at);
    const first = dayOf(startOfDay(last) - (shownDays - 1) * dayMs);
    const [states, reports, announced] = await Promise.all([
      this.#options.services(),
      this.#options.availability({ first: dayBefore(first), last }),
      this.#options.announced(at + plannedMs),
    ]);
    const services = targets.map(one => ({ name: one.name, windows: one.windows(at, at + plannedMs) }));
    const shown = targets.map(target => {
      const report = reports.find(({ service }) => service === target.name);
      const state = states.find(({ service_name }) => service_name === target.name);
      return { target, report, service: serviceOf(target.name, state, report) };
    });
    const groups = [...new Set(targets.map(({ group }) => group))];
    return {
      name,
      at,
      state: worst(shown.map(({ service }) => service.state)),
      groups: groups.map(group => ({
        name: group ?? null,
        services: shown.filter(({ target }) => target.group === group).map(({ service }) => service),
      })),
      planned: plannedOf(services, announced, at),
      incidents: incidentsOf(
        shown.flatMap(({ report }) => report ?? []),
        services,
        at,
      ),
    };
  }
}

function serviceOf(name: string, state: CurrentState | undefined, report: ServiceReport | undefined): ShownService {
  const days = (report?.days ?? []).slice(-shownDays).map(({ day, durations, availability }) => ({
    day,
    state: worstOfDay.find(one => durations[one] > 0) ?? 'unknown',
    availability: availability ?? null,
  }));
  const sums = (report?.days ?? []).slice(-shownDays).reduce(
    (sum, { durations: { up, degraded, down } }) => ({
      good: sum.good + up + degraded,
      all: sum.all + up + degraded + down,
    }),
    { good: 0, all: 0 },
  );
  return {
    name,
    state: state?.state ?? 'unknown',
    since: state?.since ?? null,
    availability: sums.all === 0 ? null : (sums.good / sums.all) * 100,
    days,
  };
}

/** A page is as bad as its worst service; one that nobody sees is worse than a good one. */
function worst(states: readonly DayState[]): DayState {
  return worstFirst.find(state => states.includes(state)) ?? 'unknown';
}
