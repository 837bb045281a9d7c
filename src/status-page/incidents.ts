import { isRemark } from '../availability/history.js';
import type { ServiceReport } from '../availability/report.js';
import type { Correction } from '../storage/availability.js';
import type { Window } from './planned.js';

/** What somebody said in the course of an incident. */
export interface Update {
  /** When, epoch ms. */
  readonly at: number;
  readonly message: string;
}

export interface Incident {
  readonly service: string;
  readonly state: 'down' | 'maintenance' | 'degraded';
  /** Epoch ms. */
  readonly from: number;
  /** Null: it goes on. One that is still to come is the end that was announced. */
  readonly until: number | null;
  /** The latest words about it. */
  readonly message: string | null;
  /** All of them, oldest first. */
  readonly updates: readonly Update[];
}

/** The page shows the newest ones. */
const maxIncidents = 50;
const maxUpdates = 20;
/** Somebody may notice sooner than the checks that a service fails, ms. */
const earlyMs = 15 * 60_000;
/** Words that come when all is well again are about what has just ended, ms. */
const lateMs = 86_400_000;

type Draft = Pick<Incident, 'service' | 'state' | 'from' | 'until'> & { readonly words: Correction[] };

/**
 * Outages, maintenance, and what people said of the services: newest first.
 * @param services with the maintenance of their settings: of one that goes on, they know the end
 */
export function incidentsOf(
  reports: readonly ServiceReport[],
  services: readonly { readonly name: string; readonly windows: readonly Window[] }[],
  at: number,
): readonly Incident[] {
  return reports
    .flatMap(report => {
      const windows = services.find(({ name }) => name === report.service)?.windows ?? [];
      const now = windows.filter(({ from, until = Number.POSITIVE_INFINITY }) => from <= at && at < until);
      return incidentsOfService(report, now);
    })
    .sort((a, b) => b.from - a.from)
    .slice(0, maxIncidents);
}

function incidentsOfService(
  { service, outages, corrections, maintenance }: ServiceReport,
  windows: readonly Window[],
): readonly Incident[] {
  const incidents: Draft[] = outages.map(({ from, until }) => ({ service, state: 'down', from, until, words: [] }));
  // Maintenance that was called off, or declared anew, is no news to the public.
  const remarks = corrections.filter(one => isRemark(one) && !isWithdrawn(one));
  const said = corrections.filter(one => !isRemark(one));
  for (const one of said) {
    if (one.state === 'down') incidents.find(outage => isAbout(one, outage))?.words.push(one);
    else if (isShown(one.state)) extend(incidents, service, one.state, one);
  }
  for (const { from, until = null, message } of latestOfEach(maintenance, windows)) {
    const words = message === undefined ? [] : [remarkOf(from, message)];
    if (!incidents.some(one => one.state === 'maintenance' && isAbout({ from, until, at: from }, one)))
      incidents.push({ service, state: 'maintenance', from, until, words });
  }
  for (const remark of remarks) {
    const home = homeOf(remark, incidents);
    if (home !== undefined) home.words.push(remark);
    else if (remark.state === 'down' || remark.state === 'degraded')
      incidents.push({ service, state: remark.state, from: remark.from, until: remark.until, words: [remark] });
  }
  return incidents.map(withWords);
}

function isWithdrawn({ state }: Correction): boolean {
  return state === 'maintenance' || state === 'withdrawn';
}

/** That a service worked is no incident; declared outages are among the outages already. */
function isShown(state: string): state is 'maintenance' | 'degraded' {
  return state === 'maintenance' || state === 'degraded';
}

/** What is declared again while it goes on is one, with the words of both. */
function extend(incidents: Draft[], service: string, state: Draft['state'], said: Correction): void {
  const { from, until } = said;
  const place = incidents.findIndex(one => one.state === state && isAbout(said, one));
  const before = incidents[place];
  if (before === undefined) incidents.push({ service, state, from, until, words: [said] });
  else
    incidents[place] = {
      ...before,
      from: Math.min(from, before.from),
      until: until === null || before.until === null ? null : Math.max(until, before.until),
      words: [...before.words, said],
    };
}

/** Maintenance that comes back every night would hide everything else: the last one of the same words is shown. */
function latestOfEach(maintenance: ServiceReport['maintenance'], windows: readonly Window[]): readonly Window[] {
  const seen = maintenance.map(({ from, until, reason: message }) => ({ from, until, message }));
  return [...new Map([...seen, ...windows].map(one => [one.message, one])).values()];
}

function isAbout({ from, until, at }: Pick<Correction, 'from' | 'until' | 'at'>, incident: Draft): boolean {
  const end = until === from ? Math.max(from, at) : (until ?? Number.POSITIVE_INFINITY);
  return from <= (incident.until ?? Number.POSITIVE_INFINITY) && end >= incident.from;
}

/** The incident that a remark is about: one that goes on then, or has just ended, or is about to be found. */
function homeOf(remark: Correction, incidents: readonly Draft[]): Draft | undefined {
  const { from, at, state } = remark;
  const during = incidents.filter(one => isAbout(remark, one));
  if (during.length > 0) return during.find(one => one.state === 'down') ?? during[0];
  if (state === 'up') {
    const over = incidents.filter(({ until }) => until !== null && until <= from && from - until <= lateMs);
    return over.sort((a, b) => (b.until ?? 0) - (a.until ?? 0))[0];
  }
  const soon = incidents.filter(one => one.state !== 'maintenance' && one.from > at && one.from - at <= earlyMs);
  return soon.sort((a, b) => a.from - b.from)[0];
}

function withWords({ words, ...incident }: Draft): Incident {
  const updates = words
    .flatMap(({ at, message }) => (message === null || message === '' ? [] : [{ at, message }]))
    .sort((a, b) => a.at - b.at)
    .slice(-maxUpdates);
  return { ...incident, message: updates.at(-1)?.message ?? null, updates };
}

/** Words of the settings, as if somebody had said them when it began. */
function remarkOf(from: number, message: string): Correction {
  return { id: '', from, until: from, state: 'maintenance', message, by: null, at: from };
}
