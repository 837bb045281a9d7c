import type { ServiceReport } from '../availability/report.js';

export interface Incident {
  readonly service: string;
  readonly state: 'down' | 'maintenance' | 'degraded';
  /** Epoch ms. */
  readonly from: number;
  /** Null: it goes on. */
  readonly until: number | null;
  /** What somebody said of it. */
  readonly message: string | null;
}

/** The page shows the newest ones. */
const maxIncidents = 50;

/** Outages, and what people said of the services: newest first. */
export function incidentsOf(reports: readonly ServiceReport[]): readonly Incident[] {
  return reports
    .flatMap(({ service, outages, corrections }): Incident[] => {
      const said = corrections.map(({ state, from, until, message }) => ({ service, state, from, until, message }));
      const own = outages.map(({ from, until }) => {
        const about = said.find(one => one.state === 'down' && one.from <= from && (one.until ?? from) >= from);
        return { service, state: 'down' as const, from, until, message: about?.message ?? null };
      });
      return [...own, ...said.flatMap(one => (isShown(one.state) ? { ...one, state: one.state } : []))];
    })
    .sort((a, b) => b.from - a.from)
    .slice(0, maxIncidents);
}

/** Declared outages are among the outages already; that a service worked is no incident. */
function isShown(state: string): state is 'maintenance' | 'degraded' {
  return state === 'maintenance' || state === 'degraded';
}
