import { dayMs, monthOf, startOfDay } from '../calendar.js';
import type { Database, Value } from './database.js';
import { byTime } from './nearest-pairs.js';
import type { Transaction } from './transaction.js';
import { type Act, counts, type Matching, match, matchWindowMs } from './usage-matching.js';

/** What one side said: `accesses` is the sum of the others and of what was paired. */
export interface AuditSide {
  /** Those that would count, if their source did. */
  accesses: number;
  /** The other side does not say them. */
  alone: number;
  /** Said once more, of the same access. */
  repeated: number;
  /** What the other side never says, by its kind. */
  incomparable: number;
  /** Paired with one that the other side leaves out, by its reason. */
  leftOut: Record<string, number>;
}

/** Views, or downloads. */
export interface AuditCounts {
  /** Both sides say them, and both would count them. */
  matched: number;
  counted: AuditSide;
  control: AuditSide;
}

/** An access that one side alone says. */
export interface AloneAct {
  readonly at: number;
  /** Id of the event. */
  readonly id: string;
  /** The file, or the dataset. */
  readonly resource: string;
  readonly item: string;
  readonly request: boolean;
  readonly side: 'counted' | 'control';
}

/** One that may have its other half on the other side of midnight. */
export interface EdgeAct extends AloneAct {
  readonly login: number | null;
  readonly reason: string | null;
}

export interface ControlAudit {
  readonly views: AuditCounts;
  readonly downloads: AuditCounts;
  /** The first of each side and kind. */
  readonly examples: readonly AloneAct[];
  /** At the beginning of the day, and at its end. */
  readonly head: readonly EdgeAct[];
  readonly tail: readonly EdgeAct[];
}

export interface DayAudit {
  /** What was counted. */
  readonly source: string;
  readonly controls: Readonly<Record<string, ControlAudit>>;
}

export interface AuditedDay {
  readonly day: number;
  /** Revision of the accesses when they were compared, and now; null: not compared yet, or closed for good. */
  readonly revision: number | null;
  readonly current: number | null;
  /**
   * From what its counts came last, most first; several where another source was set on that day. Of a day on which
   * nothing counted, that of the nearest day of its month on which something did; none where there is none.
   */
  readonly sources: readonly string[];
}

const sources = ['nginx', 'clowder', 'browser'];
/** Examples of each side and kind. */
const maxExamples = 20;
/** Accesses that are kept for the day before, and for the day after. */
const maxEdge = 500;
/** A download may have begun on the day before: what is alone within this time before midnight is kept for it, ms. */
const longestMs = 12 * 3_600_000;

type Row = [
  ...[time: number, id: string, source: string, reason: string | null, item: string, file: string | null],
  ...[request: number, machine: number, user: number, login: number, publications: number, duration: number],
];

const accesses = `
  SELECT time, id, source, reason, item, file, request, machine, user, login, publications, duration
  FROM usage_accesses WHERE day = ? ORDER BY coalesce(file, item), request`;

/** An access with what examples say of it. */
interface ItemAct extends Act {
  readonly item: string;
  readonly resource: string;
}

/**
 * What the other sources say of a day, beside the one that is counted. A function of the day's accesses alone; only one
 * resource is in memory at a time.
 */
function auditUsageDay(database: Database, { day, source }: { readonly day: number; readonly source: string }) {
  const revision = database.value<number>('SELECT revision FROM usage_days WHERE day = ?', day) ?? 0;
  const begin = startOfDay(day);
  const audits = new Map(
    sources.filter(name => name !== source).map(name => [name, new ControlAuditor(source, name, begin)]),
  );
  let group: ItemAct[] = [];
  const compare = (): void => {
    for (const auditor of audits.values()) auditor.add(group);
    group = [];
  };
  for (const row of database.each<Row>(accesses, day)) {
    const act = actOf(row);
    const [first] = group;
    if (first !== undefined && (first.resource !== act.resource || first.request !== act.request)) compare();
    group.push(act);
  }
  compare();
  const controls = Object.fromEntries([...audits].map(([name, auditor]) => [name, auditor.audit]));
  return { day, revision, audit: { source, controls } satisfies DayAudit };
}

function actOf(row: Row): ItemAct {
  const [time, id, source, reason, item, file, request, machine, user, login, publications, duration] = row;
  const own = reason === null || reason === 'other_source' ? null : reason.slice(reason.indexOf(':') + 1);
  return {
    ...{ at: time - duration, id, source, reason: own, item, resource: file ?? item, user, publications },
    ...{ login: login === 1 ? user : null, request: request === 1, machine: machine === 1 },
  };
}

class ControlAuditor {
  readonly #source: string;
  readonly #control: string;
  readonly #begin: number;
  readonly #counts = { views: noCounts(), downloads: noCounts() };
  /** By side and kind. */
  readonly #examples = [0, 1, 2, 3].map(() => new Earliest<AloneAct>(maxExamples));
  readonly #head = new Earliest<EdgeAct>(maxEdge);
  /** The latest. */
  readonly #tail = new Earliest<EdgeAct>(maxEdge, (one, other) => byTime(other, one));

  /** @param begin of the day, epoch ms */
  constructor(source: string, control: string, begin: number) {
    this.#source = source;
    this.#control = control;
    this.#begin = begin;
  }

  /** All of one resource, views or downloads. */
  add(group: readonly ItemAct[]): void {
    const [first] = group;
    if (first === undefined) return;
    const of = (source: string) => ({ source, acts: group.filter(act => act.source === source) });
    const [counted, control] = [of(this.#source), of(this.#control)];
    const sum = this.#counts[first.request ? 'downloads' : 'views'];
    sum.counted.accesses += counted.acts.filter(counts).length;
    sum.control.accesses += control.acts.filter(counts).length;
    // Where nobody knows which resource it was, nobody can say whether it is the same.
    if (first.resource === '') {
      sum.counted.incomparable += counted.acts.filter(counts).length;
      sum.control.incomparable += control.acts.filter(counts).length;
      return;
    }
    this.#count(sum, match(counted, control), first);
  }

  #count(sum: AuditCounts, { pairs, alone, repeated, incomparable }: Matching, of: ItemAct): void {
    for (const [counted, control] of pairs) countPair(sum, counted, control);
    for (const [index, side] of (['counted', 'control'] as const).entries()) {
      sum[side].repeated += repeated[index]!;
      sum[side].incomparable += incomparable[index]!;
      for (const act of alone[index]!) {
        const { at, id, login, reason, request } = act;
        const one: AloneAct = { at, id, resource: of.resource, item: (act as ItemAct).item, request, side };
        if (counts(act)) {
          sum[side].alone += 1;
          this.#examples[2 * index + Number(request)]!.add(one);
        }
        this.#addEdge({ ...one, login, reason });
      }
    }
  }

  #addEdge(act: EdgeAct): void {
    const end = this.#begin + dayMs;
    if (act.at <= this.#begin + matchWindowMs) this.#head.add(act);
    // The log says how long a download took, so it is the others that may wait for one that ended after midnight.
    const source = act.side === 'counted' ? this.#source : this.#control;
    if (act.at >= end - (act.request && source !== 'nginx' ? longestMs : matchWindowMs)) this.#tail.add(act);
  }

  get audit(): ControlAudit {
    const examples = this.#examples.flatMap(({ all }) => all).sort(byTime);
    return { ...this.#counts, examples, head: this.#head.all, tail: [...this.#tail.all].sort(byTime) };
  }
}

/** Both sides say it: each says what the other leaves out. */
export function countPair(sum: AuditCounts, counted: Pick<Act, 'reason'>, control: Pick<Act, 'reason'>): void {
  if (counts(counted) && counts(control)) sum.matched += 1;
  else if (control.reason !== null && counts(counted)) add(sum.counted.leftOut, control.reason);
  else if (counted.reason !== null && counts(control)) add(sum.control.leftOut, counted.reason);
}

function add(sums: Record<string, number>, reason: string): void {
  sums[reason] = (sums[reason] ?? 0) + 1;
}

function noCounts(): AuditCounts {
  const side = (): AuditSide => ({ accesses: 0, alone: 0, repeated: 0, incomparable: 0, leftOut: {} });
  return { matched: 0, counted: side(), control: side() };
}

/** The first ones in an order; all others are forgotten. */
class Earliest<One extends AloneAct> {
  readonly #max: number;
  readonly #compare: (one: One, other: One) => number;
  #kept: One[] = [];

  constructor(max: number, compare: (one: One, other: One) => number = byTime) {
    this.#max = max;
    this.#compare = compare;
  }

  add(one: One): void {
    this.#kept.push(one);
    if (this.#kept.length >= 2 * this.#max) this.#trim();
  }

  get all(): readonly One[] {
    this.#trim();
    return this.#kept;
  }

  #trim(): void {
    this.#kept = this.#kept.sort(this.#compare).slice(0, this.#max);
  }
}

/** Days of which something is kept, in their order. A month that is closed has what it had then. */
function auditedDays(database: Database, { from, to }: { readonly from: number; readonly to: number }): AuditedDay[] {
  return database
    .rows<[number, number | null, number | null, string | null]>(
      `WITH open AS (
         SELECT d.day, d.revision, coalesce(nullif(d.source, ''), (
           SELECT source FROM (
             SELECT o.source AS source, o.day AS day, abs(o.day - d.day) AS far
             FROM usage_days o WHERE o.source <> '' AND o.day / 100 = d.day / 100
           ) ORDER BY far, day LIMIT 1
         )) AS source
         FROM usage_days d LEFT JOIN usage_months m ON m.month = d.day / 100 WHERE closed IS NULL
       )
       SELECT day, a.revision, d.revision, d.source FROM (SELECT day FROM open UNION SELECT day FROM usage_audits)
       LEFT JOIN open d USING (day) LEFT JOIN usage_audits a USING (day)
       WHERE day BETWEEN ? AND ? ORDER BY day`,
      from,
      to,
    )
    .map(([day, revision, current, source]) => ({
      ...{ day, revision, current },
      sources: (source ?? '').split(' ').filter(name => name !== ''),
    }));
}

/** As it was kept. */
function usageAudit(database: Database, { day }: { readonly day: number }): DayAudit | null {
  const audit = database.value<string>('SELECT audit FROM usage_audits WHERE day = ?', day);
  return audit === undefined ? null : JSON.parse(audit);
}

export interface KeepAuditArguments {
  readonly day: number;
  readonly revision: number;
  readonly audit: DayAudit;
}

/** Unless the month has been closed meanwhile: what it has then stays. */
function keepUsageAudit({ database }: Transaction, { day, revision, audit }: KeepAuditArguments): void {
  const closed = database.value<Value>('SELECT closed FROM usage_months WHERE month = ?', monthOf(day)) ?? null;
  if (closed === null) putAudit(database, { day, revision, audit });
}

export function putAudit(database: Database, { day, revision, audit }: KeepAuditArguments): void {
  database.run('INSERT OR REPLACE INTO usage_audits VALUES (?, ?, ?)', day, revision, JSON.stringify(audit));
}

export const usageAuditWrites = { keepUsageAudit };
export const usageAuditReads = { auditUsageDay, auditedDays, usageAudit };
