import { endBecauseOf, laidOver, type Span } from '../spans.js';
import type { Database, Value } from './database.js';
import type { Transaction } from './transaction.js';

/** What the checks saw, and when the service was being worked on according to the settings. */
export const lanes = ['observed', 'maintenance'] as const;
export type Lane = (typeof lanes)[number];

export interface KeepAvailabilityArguments {
  readonly service: string;
  /** What is known newly: it holds where something else was known. */
  readonly spans: readonly (Span & { readonly lane: Lane })[];
  /** To be added. */
  readonly times: readonly DayTimes[];
}

/** How many runs of a day took how long. */
export interface DayTimes {
  /** 20260315. */
  readonly day: number;
  /** Number of the bucket, and how many. */
  readonly counts: readonly (readonly [bucket: number, count: number])[];
}

/**
 * What somebody said of a service, for a time that may be over. Where `until` equals `from` it is a remark about that
 * moment: words that change no figure.
 */
export interface Correction {
  /** Id of the event. */
  readonly id: string;
  /** Epoch ms. */
  readonly from: number;
  /** Null: until somebody says that it is over. */
  readonly until: number | null;
  readonly state: string;
  readonly message: string | null;
  /** Name of the key; null = not known. */
  readonly by: string | null;
  /** When it was said, epoch ms. */
  readonly at: number;
}

export interface KeepCorrectionArguments {
  readonly service: string;
  readonly correction: Correction;
  /** Maintenance that goes on when the correction begins is over then. */
  readonly endsMaintenance: boolean;
  /** Id of declared maintenance that is called off with this. */
  readonly withdraws?: string | undefined;
}

export interface AvailabilityQuery {
  readonly service: string;
  /** Epoch ms. */
  readonly from: number;
  readonly until: number;
  /** Days of the response times, 20260315. */
  readonly firstDay: number;
  readonly lastDay: number;
}

/** What was said of a service. */
export interface SaidOf extends Correction {
  readonly service: string;
}

/** Maintenance that somebody declared. */
export interface DeclaredMaintenance extends SaidOf {
  /** Id of the later declaration that left nothing of it; null where there is none. */
  readonly replacedBy: string | null;
}

/** All that is known of one service in a range. */
export interface AvailabilityRecord {
  readonly observed: readonly Span[];
  readonly maintenance: readonly Span[];
  readonly corrections: readonly Correction[];
  readonly times: readonly DayTimes[];
}

/** The same again changes nothing, but for the response times, which are added. */
function keepAvailability({ database }: Transaction, { service, spans, times }: KeepAvailabilityArguments): void {
  for (const { lane, ...span } of spans) lay(database, service, lane, span);
  for (const day of times) addTimes(database, service, day);
}

function lay(database: Database, service: string, lane: Lane, span: Span): void {
  if (span.until <= span.from) return;
  const touching = `FROM availability_spans WHERE service = ? AND lane = ? AND start <= ? AND until >= ?`;
  const place = [service, lane, span.until, span.from] as const;
  const kept = spansOf(
    database.rows<SpanRow>(`SELECT start, until, state, reason ${touching} ORDER BY start`, ...place),
  );
  database.run(`DELETE ${touching}`, ...place);
  const rows = laidOver(kept, [span]).flatMap(({ from, until, state, reason }): Value[] => [
    service,
    lane,
    from,
    until,
    state,
    reason ?? null,
  ]);
  database.insert('INSERT INTO availability_spans (service, lane, start, until, state, reason)', 6, rows);
}

function addTimes(database: Database, service: string, { day, counts }: DayTimes): void {
  const kept = database.value<string>(
    'SELECT counts FROM availability_times WHERE service = ? AND day = ?',
    service,
    day,
  );
  const sums = new Map<number, number>(kept == null ? [] : JSON.parse(kept));
  for (const [bucket, count] of counts) sums.set(bucket, (sums.get(bucket) ?? 0) + count);
  const text = JSON.stringify([...sums].sort(([a], [b]) => a - b));
  database.run('INSERT OR REPLACE INTO availability_times (service, day, counts) VALUES (?, ?, ?)', service, day, text);
}

/** Once by the id of its event. What was said later is not ended by one that comes again. */
function keepCorrection({ database }: Transaction, arguments_: KeepCorrectionArguments): void {
  const { service, correction, endsMaintenance, withdraws } = arguments_;
  if (withdraws !== undefined) return withdraw(database, service, correction, withdraws);
  const { id, from, until, state, message, by, at } = correction;
  if (endsMaintenance)
    database.run(
      `UPDATE availability_corrections SET until = ?
         WHERE service = ? AND state = 'maintenance' AND start < ? AND (until IS NULL OR until > ?) AND said_at <= ?`,
      ...[from, service, from, from, at],
    );
  if (until !== null && until <= from) return;
  if (state === 'maintenance') giveWay(database, service, correction);
  // Without an end, only maintenance holds until further notice: else the next check knows better, and words remain.
  const isRemark = until === null && state !== 'maintenance';
  if (isRemark && (message ?? '') === '') return;
  const start = isRemark ? Math.min(from, at) : from;
  database.run(
    `INSERT OR IGNORE INTO availability_corrections (id, service, start, until, state, message, said_by, said_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[id, service, start, isRemark ? start : until, state, message, by, at],
  );
}

/** Earlier maintenance gives way to what is declared later; of one of which nothing is left, the words remain. */
function giveWay(database: Database, service: string, later: Correction): void {
  const overlapping = database.rows<[id: string, start: number, until: number | null]>(
    `SELECT id, start, until FROM availability_corrections
       WHERE service = ? AND state = 'maintenance' AND id <> ? AND said_at <= ? AND start < ?
         AND (until IS NULL OR until > max(start, ?))`,
    ...[service, later.id, later.at, later.until ?? Number.MAX_SAFE_INTEGER, later.from],
  );
  for (const [id, from, until] of overlapping) {
    const end = endBecauseOf(later, later.at, { from, until });
    const replacedBy = end === from ? later.id : null;
    if (end !== undefined)
      database.run('UPDATE availability_corrections SET until = ?, replaced_by = ? WHERE id = ?', end, replacedBy, id);
  }
}

/** The words of what is called off remain, beside those with which it was. */
function withdraw(database: Database, service: string, withdrawal: Correction, id: string): void {
  const { message, by, at } = withdrawal;
  const declared = declaredMaintenance(database, { id });
  if (declared === undefined || declared.service !== service || declared.until === declared.from) return;
  database.run('UPDATE availability_corrections SET until = start WHERE id = ?', id);
  database.run(
    `INSERT OR IGNORE INTO availability_corrections (id, service, start, until, state, message, said_by, said_at)
       VALUES (?, ?, ?, ?, 'withdrawn', ?, ?, ?)`,
    ...[withdrawal.id, service, declared.from, declared.from, message, by, at],
  );
}

/** By the id of the event; its end is its beginning once it is called off. */
function declaredMaintenance(database: Database, { id }: { readonly id: string }): DeclaredMaintenance | undefined {
  const row = database.row<[string, string | null, ...CorrectionRow]>(
    `SELECT service, replaced_by, ${correctionColumns} FROM availability_corrections WHERE id = ? AND state = 'maintenance'`,
    id,
  );
  if (row === undefined) return undefined;
  const [service, replacedBy, ...correction] = row;
  return { service, replacedBy, ...correctionOf(correction) };
}

type SpanRow = [start: number, until: number, state: string, reason: string | null];

function spansOf(rows: readonly SpanRow[]): Span[] {
  return rows.map(([from, until, state, reason]) => ({
    from,
    until,
    state,
    ...(reason === null ? {} : { reason }),
  }));
}

/** The services of which something is known in the range, in order. */
function availabilityServices(
  database: Database,
  { from, until }: Pick<AvailabilityQuery, 'from' | 'until'>,
): string[] {
  return database
    .rows<[string]>(
      `SELECT service FROM availability_spans WHERE until > ? AND start < ?
         UNION SELECT service FROM availability_corrections
           WHERE coalesce(until, ?) > max(start, ?) AND start < ? ORDER BY service`,
      ...[from, until, until, from, until],
    )
    .map(([service]) => service);
}

function availability(database: Database, query: AvailabilityQuery): AvailabilityRecord {
  const { service, from, until, firstDay, lastDay } = query;
  const lane = (name: Lane): Span[] =>
    spansOf(
      database.rows<SpanRow>(
        `SELECT start, until, state, reason FROM availability_spans
           WHERE service = ? AND lane = ? AND until > ? AND start < ? ORDER BY start`,
        ...[service, name, from, until],
      ),
    );
  const corrections = database
    .rows<CorrectionRow>(
      `SELECT ${correctionColumns} FROM availability_corrections
         WHERE service = ? AND coalesce(until, ?) > ? AND start < ? ORDER BY said_at, id`,
      ...[service, until, from, until],
    )
    .map(correctionOf);
  const times = database
    .rows<[number, string]>(
      'SELECT day, counts FROM availability_times WHERE service = ? AND day BETWEEN ? AND ? ORDER BY day',
      ...[service, firstDay, lastDay],
    )
    .map(([day, counts]) => ({ day, counts: JSON.parse(counts) }));
  return { observed: lane('observed'), maintenance: lane('maintenance'), corrections, times };
}

/** What was said of times that lie in the range, or reach into it. */
function saidOfServices(
  database: Database,
  { from, until }: Pick<AvailabilityQuery, 'from' | 'until'>,
): readonly SaidOf[] {
  return database
    .rows<[string, ...CorrectionRow]>(
      `SELECT service, ${correctionColumns} FROM availability_corrections
         WHERE coalesce(until, ?) > ? AND start < ? ORDER BY said_at, id`,
      ...[until, from, until],
    )
    .map(([service, ...row]) => ({ service, ...correctionOf(row) }));
}

const correctionColumns = 'id, start, until, state, message, said_by, said_at';
type CorrectionRow = [
  id: string,
  start: number,
  until: number | null,
  state: string,
  message: string | null,
  by: string | null,
  at: number,
];

function correctionOf([id, from, until, state, message, by, at]: CorrectionRow): Correction {
  return { id, from, until, state, message, by, at };
}

export const availabilityWrites = { keepAvailability, keepCorrection };
export const availabilityReads = { availabilityServices, availability, saidOfServices, declaredMaintenance };
