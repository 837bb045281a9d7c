import { dayAfter, dayBefore, firstDayOf, lastDayOf } from '../calendar.js';
import type { Calls } from '../storage/calls.js';
import {
  type AloneAct,
  type AuditCounts,
  type AuditSide,
  type ControlAudit,
  countPair,
  type DayAudit,
  type EdgeAct,
} from '../storage/usage-audit.js';
import { compatiblePairs, matchWindowMs } from '../storage/usage-matching.js';
import type { UsageSource } from './access.js';

/** A day as each of the other sources tells it. */
export interface UsageAuditDay {
  readonly day: number;
  /** What was counted. */
  readonly source: string;
  readonly controls: Readonly<Record<string, AuditedControl>>;
}

export interface AuditedControl {
  readonly views: AuditCounts;
  readonly downloads: AuditCounts;
  readonly examples: readonly AloneAct[];
}

interface Range {
  /** First and last day. */
  readonly from: number;
  readonly to: number;
}

interface AuditOptions {
  readonly storage: Calls;
  /** What is counted now: a month of which something counted has its own. */
  readonly source: UsageSource;
}

/** Days of which something is known, in their order. What has changed since it was compared is compared again. */
export async function auditDays({ from, to }: Range, options: AuditOptions): Promise<readonly UsageAuditDay[]> {
  const found: UsageAuditDay[] = [];
  for await (const around of auditsAround({ from, to }, options)) found.push(overMidnight(around));
  return found;
}

/** What stays of a month that closes: counts without examples. Its last day may have something for the one after it. */
export async function finalAudits(
  month: number,
  options: AuditOptions,
): Promise<readonly { readonly day: number; readonly audit: DayAudit }[]> {
  const final: { day: number; audit: DayAudit }[] = [];
  const last = lastDayOf(month);
  for await (const around of auditsAround({ from: firstDayOf(month), to: last }, options)) {
    const { day, source, controls } = overMidnight(around);
    const kept = Object.entries(controls).map(([name, { views, downloads }]) => {
      const tail = day === last ? (around.audit.controls[name]?.tail ?? []) : [];
      return [name, { views, downloads, examples: [], head: [], tail }] as const;
    });
    final.push({ day, audit: { source, controls: Object.fromEntries(kept) } });
  }
  return final;
}

interface Around {
  readonly day: number;
  readonly audit: DayAudit;
  readonly before: DayAudit | undefined;
  readonly after: DayAudit | undefined;
  /** Both halves of what lies on midnight are in it already. */
  readonly isClosed: boolean;
}

/** Each day between its neighbours; three are in memory at a time. */
async function* auditsAround({ from, to }: Range, { storage, source: now }: AuditOptions): AsyncGenerator<Around> {
  const days = await storage.read('auditedDays', { from: dayBefore(from), to: dayAfter(to) });
  const load = async (index: number): Promise<{ day: number; audit: DayAudit; isClosed: boolean } | undefined> => {
    const listed = days[index];
    if (listed === undefined) return undefined;
    const { day, revision, current } = listed;
    const [source = now] = listed.sources;
    const kept = revision === null ? null : await storage.read('usageAudit', { day });
    if (kept !== null && (current === null || (revision === current && kept.source === source)))
      return { day, audit: kept, isClosed: current === null };
    const made = await storage.read('auditUsageDay', { day, source });
    await storage.write('keepUsageAudit', made);
    return { day, audit: made.audit, isClosed: false };
  };
  let before: Awaited<ReturnType<typeof load>>;
  let current = await load(0);
  for (let index = 0; current !== undefined; index += 1) {
    const after = await load(index + 1);
    const { day } = current;
    if (day >= from && day <= to)
      yield {
        ...current,
        before: before?.day === dayBefore(day) ? before.audit : undefined,
        after: after?.day === dayAfter(day) ? after.audit : undefined,
      };
    before = current;
    current = after;
  }
}

/** What lies on both sides of midnight belongs to the day of the access that was counted. */
function overMidnight({ day, audit, before, after, isClosed }: Around): UsageAuditDay {
  const controls = Object.entries(audit.controls).map(([name, control]): [string, AuditedControl] => {
    if (isClosed) return [name, control];
    const of = (other: DayAudit | undefined): ControlAudit | undefined =>
      other?.source === audit.source ? other.controls[name] : undefined;
    return [name, withPairs(control, of(before)?.tail ?? [], of(after)?.head ?? [])];
  });
  return { day, source: audit.source, controls: Object.fromEntries(controls) };
}

function withPairs(control: ControlAudit, before: readonly EdgeAct[], after: readonly EdgeAct[]): AuditedControl {
  const { views, downloads, examples, head, tail } = structuredClone(control);
  const paired = new Set<string>();
  for (const [own, others] of [
    [head, before],
    [tail, after],
  ] as const) {
    const isOwn = new Set(own);
    for (const [counted, other] of pairsAmong([...own, ...others])) {
      if (isOwn.has(counted) === isOwn.has(other)) continue;
      const sum = counted.request ? downloads : views;
      if (isOwn.has(counted)) {
        paired.add(counted.id);
        if (counted.reason === null) sum.counted.alone -= 1;
        if (other.reason === null) sum.control.accesses += 1;
        countPair(sum, counted, other);
      } else {
        paired.add(other.id);
        if (other.reason !== null) continue;
        sum.control.alone -= 1;
        sum.control.accesses -= 1;
      }
    }
  }
  return { views, downloads, examples: examples.filter(({ id }) => !paired.has(id)) };
}

function pairsAmong(acts: readonly EdgeAct[]): (readonly [counted: EdgeAct, control: EdgeAct])[] {
  const groups = new Map<string, { counted: EdgeAct[]; control: EdgeAct[] }>();
  for (const act of acts) {
    const key = `${act.request} ${act.resource}`;
    const group = groups.get(key) ?? { counted: [], control: [] };
    group[act.side].push(act);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap(({ counted, control }) => compatiblePairs(counted, control, matchWindowMs));
}

/** The sums of all days on which one source was counted, beside one control. */
export interface AuditTotal extends Omit<AuditedControl, 'examples'> {
  readonly source: string;
  readonly control: string;
}

/** In the order of days. */
export function auditTotals(days: readonly UsageAuditDay[]): readonly AuditTotal[] {
  const totals = new Map<string, AuditTotal>();
  for (const { source, controls } of days) {
    for (const [control, { views, downloads }] of Object.entries(controls)) {
      const key = `${source} ${control}`;
      const total = totals.get(key);
      if (total === undefined) totals.set(key, { source, control, ...structuredClone({ views, downloads }) });
      else {
        addCounts(total.views, views);
        addCounts(total.downloads, downloads);
      }
    }
  }
  return [...totals.values()];
}

function addCounts(sum: AuditCounts, more: AuditCounts): void {
  sum.matched += more.matched;
  addSide(sum.counted, more.counted);
  addSide(sum.control, more.control);
}

function addSide(sum: AuditSide, more: AuditSide): void {
  for (const name of ['accesses', 'alone', 'repeated', 'incomparable'] as const) sum[name] += more[name];
  for (const [reason, count] of Object.entries(more.leftOut)) sum.leftOut[reason] = (sum.leftOut[reason] ?? 0) + count;
}

/** What it means that one source alone says an access, beside another. */
export function aloneMeans(source: string, other: string): string {
  if (source === 'browser')
    return other === 'nginx'
      ? 'only pages say them: shown from a cache, by an application that changes its address itself, or past the proxy'
      : 'only pages say them: shown from a cache, or lost by Clowder';
  if (other === 'browser') return 'no page says them: scripts are blocked, or the reader asked not to be tracked';
  return source === 'nginx'
    ? 'Clowder lost them: the proxy served them, and Clowder published nothing'
    : 'they passed the proxy by: Clowder published them, and the log has no such request';
}
