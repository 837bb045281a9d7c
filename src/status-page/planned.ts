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
      const about = said.filter(one => one.service === service);
      const declared = about
        .filter(one => one.state === 'maintenance' && !isCalledOff(one.from, about, one.at))
        .map(({ from, until, message, at: announced }) => ({ service, from, until, message, announced }));
      const configured = [...windows]
        .sort((a, b) => a.from - b.from)
        .filter(window => isAhead(window) && !isCalledOff(window.from, about, 0))
        .map(({ from, until = null, message = null }) => ({
          ...{ service, from, until, message, announced: from - plannedMs },
        }));
      return [...declared.filter(isAhead), ...nextOfEach(configured)];
    })
    .sort((a, b) => a.from - b.from)
    .slice(0, maxPlanned);
}

/** Somebody said later that the service works as usual then. */
function isCalledOff(from: number, said: readonly SaidOf[], announced: number): boolean {
  return said.some(
    one => one.state !== 'maintenance' && one.at >= announced && one.from <= from && (one.until ?? one.from) > from,
  );
}

function nextOfEach(planned: readonly Planned[]): readonly Planned[] {
  return planned.filter((one, place) => planned.findIndex(other => other.message === one.message) === place);
}
