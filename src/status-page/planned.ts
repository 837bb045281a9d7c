import { isRemark } from '../availability/history.js';
import { dayMs } from '../calendar.js';
import type { SaidOf } from '../storage/availability.js';

/** Maintenance that is still to come. */
export interface Planned {
  readonly service: string;
  /** Epoch ms. */
  readonly from: number;
  /** Null: until further notice. */
  readonly until: number | null;
  readonly message: string | null;
  /** When it was announced, epoch ms. */
  readonly announced: number;
}

/** A time of the settings in which a service is being worked on, epoch ms. */
export interface Window {
  readonly from: number;
  readonly until: number | undefined;
  readonly message: string | undefined;
}

/** How far ahead the page looks. */
export const plannedMs = 14 * dayMs;
const maxPlanned = 20;

/**
 * The maintenance of the next time, the next one first: what was declared, and what the settings say. Of maintenance
 * that comes back, the next one alone.
 */
export function plannedOf(
  services: readonly { readonly name: string; readonly windows: readonly Window[] }[],
  said: readonly SaidOf[],
  at: number,
): readonly Planned[] {
  const isAhead = ({ from }: { readonly from: number }): boolean => from > at && from <= at + plannedMs;
  return services
    .flatMap(({ name: service, windows }): Planned[] => {
      const declared = latestOf(
        said.filter(one => one.service === service && one.state === 'maintenance' && isAhead(one) && !isRemark(one)),
      ).map(({ from, until, message, at: announced }) => ({ service, from, until, message, announced }));
      const configured = [...windows]
        .sort((a, b) => a.from - b.from)
        .filter(isAhead)
        .map(({ from, until = null, message = null }) => ({
          ...{ service, from, until, message, announced: from - plannedMs },
        }));
      return [...declared, ...nextOfEach(configured)];
    })
    .sort((a, b) => a.from - b.from)
    .slice(0, maxPlanned);
}

/** Where several overlap, the one that was said last: it was declared again, for another time or in other words. */
function latestOf(said: readonly SaidOf[]): readonly SaidOf[] {
  const inOrder = [...said].sort((a, b) => a.at - b.at);
  return inOrder.filter((one, place) => !inOrder.slice(place + 1).some(later => overlap(one, later)));
}

function overlap(one: SaidOf, other: SaidOf): boolean {
  const endOf = ({ until }: SaidOf): number => until ?? Number.POSITIVE_INFINITY;
  return one.from < endOf(other) && other.from < endOf(one);
}

function nextOfEach(planned: readonly Planned[]): readonly Planned[] {
  return planned.filter((one, place) => planned.findIndex(other => other.message === one.message) === place);
}
