import type { Database, Value } from './database.js';
import type { Transaction } from './transaction.js';

/** What one window of a log came to. */
export interface TrafficWindow {
  /** Epoch ms. */
  readonly start: number;
  /** How long windows of this log are. */
  readonly seconds: number;
  readonly requests: number;
  readonly visitors: number;
  readonly downloads: number;
  readonly failedUploads: number;
}

export interface KeepTrafficArguments {
  readonly log: string;
  /** Added to what is known of their time. */
  readonly windows: readonly TrafficWindow[];
  /** How long windows are now, seconds. */
  readonly seconds: number;
  /** Every window that began before this is written down, but for lines that come late; epoch ms. */
  readonly until: number;
}

/** The time in which a log is counted. */
export interface LogExtent {
  readonly log: string;
  /** Epoch ms. */
  readonly since: number;
  readonly until: number;
  /** How long its windows are now. */
  readonly seconds: number;
}

/** A time of one log, whose borders are those of rows; epoch ms. */
export interface LogSpan {
  readonly log: string;
  readonly from: number;
  readonly until: number;
  /** How long its windows should be. */
  readonly seconds: number;
}

/** What the windows of a time come to. */
export interface TrafficSum {
  readonly requests: number;
  /** In a window, on average; null where some were of another length. */
  readonly visitors: number | null;
  readonly downloads: number;
  readonly failedUploads: number;
  /** Some of its lines were lost before they were counted. */
  readonly incomplete: boolean;
}

/** Shorter windows share a row. */
export const minRowMs = 60_000;

function keepTraffic({ database }: Transaction, { log, windows, seconds, until }: KeepTrafficArguments): void {
  for (const { start, seconds: length, requests, visitors, downloads, failedUploads } of windows)
    database.run(
      `INSERT INTO traffic_windows (log, start, seconds, requests, visitors, downloads, failed_uploads)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (log, start) DO UPDATE SET
           seconds = excluded.seconds,
           requests = requests + excluded.requests,
           visitors = visitors + excluded.visitors,
           downloads = downloads + excluded.downloads,
           failed_uploads = failed_uploads + excluded.failed_uploads`,
      ...[log, rowOf(start, length), length, requests, visitors, downloads, failedUploads],
    );
  const since = Math.min(until, ...windows.map(({ start }) => start));
  database.run(
    `INSERT INTO traffic_logs (log, since, until, seconds) VALUES (?, ?, ?, ?)
       ON CONFLICT (log) DO UPDATE SET until = max(until, excluded.until), seconds = excluded.seconds`,
    ...[log, since, until, seconds],
  );
}

function rowOf(start: number, seconds: number): number {
  return seconds * 1000 < minRowMs ? Math.floor(start / minRowMs) * minRowMs : start;
}

function trafficLogs(database: Database): LogExtent[] {
  return database
    .rows<[string, number, number, number]>('SELECT log, since, until, seconds FROM traffic_logs ORDER BY log')
    .map(([log, since, until, seconds]) => ({ log, since, until, seconds }));
}

/** For each span, in its order. */
function trafficSums(database: Database, { spans }: { readonly spans: readonly LogSpan[] }): TrafficSum[] {
  return spans.map(({ log, from, until, seconds }) => {
    const [sums = [0, 0, 0, 0, 0]] = database.rows<[number, number, number, number, number]>(
      `SELECT total(requests), total(visitors), total(downloads), total(failed_uploads), total(seconds <> ?)
         FROM traffic_windows WHERE log = ? AND start >= ? AND start < ?`,
      ...[seconds, log, from, until],
    );
    const [requests, visitors, downloads, failedUploads, others] = sums;
    return {
      requests,
      visitors: others > 0 ? null : (visitors * seconds * 1000) / (until - from),
      downloads,
      failedUploads,
      incomplete: isIncomplete(database, log, from, until),
    };
  });
}

/** More is missing than single lines that could not be read. */
function isIncomplete(database: Database, log: string, from: number, until: number): boolean {
  const sql = `SELECT 1 FROM usage_gaps
    WHERE origin = ? AND reason IN ('lost_log', 'changed_log', 'unread_archive') AND hour > ? AND hour < ? LIMIT 1`;
  return database.value<Value>(sql, log, from - 3_600_000, until) !== undefined;
}

export const trafficWrites = { keepTraffic };
export const trafficReads = { trafficLogs, trafficSums };
