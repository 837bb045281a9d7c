import { dayAfter } from '../calendar.js';
import type { Clock } from '../clock.js';
import type { SaidOf } from '../storage/availability.js';
import type { Calls } from '../storage/calls.js';
import { OutageCosts } from './costs.js';
import type { Outage } from './history.js';
import { reportOf, type ServiceReport } from './report.js';
import { daysIn, daysOfUtc, startOfDayIn } from './zone.js';

export interface AvailabilityOptions {
  readonly storage: Pick<Calls, 'read'>;
  /** The services that are checked now, and how often, ms. */
  readonly watched: { get(service: string): number | undefined };
  readonly clock: Pick<Clock, 'now'>;
}

export interface AvailabilityRequest {
  /** Days there, 20260315; both count. */
  readonly first: number;
  readonly last: number;
  readonly zone: string;
  /** Undefined = every one. */
  readonly service: string | undefined;
  /** Also what its outages cost. */
  readonly costs?: boolean;
}

/** A check may be late by this much before nobody is looking, ms. */
const lateMs = 60_000;

/** How available services were, for as long as anybody has looked. */
export class Availability {
  readonly #options: AvailabilityOptions;
  readonly #costs: OutageCosts;

  constructor(options: AvailabilityOptions) {
    this.#options = options;
    this.#costs = new OutageCosts(options.storage);
  }

  async report({ first, last, zone, service, costs = false }: AvailabilityRequest): Promise<readonly ServiceReport[]> {
    const { storage, watched, clock } = this.#options;
    const from = startOfDayIn(zone, first);
    const end = startOfDayIn(zone, dayAfter(last));
    const until = Math.min(end, clock.now());
    if (until <= from) return [];
    const range = { from, until, days: daysIn(zone, first, last) };
    const known = await storage.read('availabilityServices', { from, until });
    const names = service === undefined ? known : known.filter(name => name === service);
    const reports: ServiceReport[] = [];
    for (const name of names) {
      const record = await storage.read('availability', { service: name, from, until, ...daysOfUtc(from, until) });
      const seen = record.observed.at(-1)?.until ?? from;
      const interval = watched.get(name);
      const isWatched = interval !== undefined && until - seen <= 2 * interval + lateMs;
      const report = reportOf(name, record, range, isWatched ? seen : until);
      const asOf = Math.min(until, isWatched ? seen : until);
      reports.push(costs ? { ...report, outages: await this.#withCosts(name, report.outages, asOf, zone) } : report);
    }
    return reports;
  }

  /** What people said of times that are still to come, or go on. */
  announced(until: number): Promise<readonly SaidOf[]> {
    const { storage, clock } = this.#options;
    return storage.read('saidOfServices', { from: clock.now(), until });
  }

  async #withCosts(service: string, outages: readonly Outage[], asOf: number, zone: string): Promise<Outage[]> {
    const times = outages.map(({ from, until }) => ({ from, until: until ?? asOf }));
    const costs = await this.#costs.of(service, times, zone);
    return outages.map((outage, place) => ({ ...outage, cost: costs[place] }));
  }
}
