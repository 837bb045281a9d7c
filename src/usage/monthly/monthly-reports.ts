import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { written } from '../../calendar.js';
import type { Clock } from '../../clock.js';
import type { KeyValues } from '../../storage/key-values.js';
import { readOwnFile, writeOwnFile } from '../../storage/own-files.js';
import { type ReportFormat, reportFormatNames, reportFormats } from './formats.js';
import { monthlyReport, type ReportedMonths } from './report.js';

export interface ListedReport {
  /** 202603. */
  readonly month: number;
  /** When the month was closed, epoch ms; null while it is open. */
  readonly closed: number | null;
  /** Its report is kept, and stays as it is; otherwise it is made when somebody asks. */
  readonly kept: boolean;
}

export interface MonthlyReportsOptions {
  readonly usage: ReportedMonths;
  /** DATA_DIR; the reports are in a folder of it. */
  readonly dataDir: string;
  /** Which reports are kept: the month, and when it was closed. */
  readonly keyValues: KeyValues;
  readonly clock: Clock;
}

/** As good as for ever, ms. */
const keepMs = 100 * 366 * 86_400_000;

/**
 * The monthly reports: of a closed month the one that was kept then, in all formats, so that what was handed on stays
 * what it was; of an open one what is known now. A month that was opened again has none until it is closed again.
 */
export class MonthlyReports {
  readonly #options: MonthlyReportsOptions;
  readonly #folder: string;

  constructor(options: MonthlyReportsOptions) {
    this.#options = options;
    this.#folder = join(options.dataDir, 'reports');
  }

  /** Newest first. */
  async list(): Promise<ListedReport[]> {
    const months = await this.#options.usage.months();
    const kept = await this.#options.keyValues.get(months.map(({ month }) => String(month)));
    return months
      .map(({ month, closed }) => ({
        month,
        closed,
        kept: closed !== null && kept.get(String(month)) === String(closed),
      }))
      .reverse();
  }

  /** Undefined: nothing was counted then. */
  async text(month: number, format: ReportFormat): Promise<string | undefined> {
    const listed = (await this.list()).find(one => one.month === month);
    const kept = listed?.kept ? this.#read(month, format) : undefined;
    if (kept !== undefined) return kept;
    const { usage, clock } = this.#options;
    const report = await monthlyReport(usage, month, clock);
    return report === undefined ? undefined : reportFormats[format].write(report);
  }

  /** Makes the files of a closed month. The same month twice is one report. */
  async keep(month: number): Promise<void> {
    const { usage, clock, keyValues } = this.#options;
    const report = await monthlyReport(usage, month, clock);
    if (report === undefined || report.closed === null) return;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    for (const format of reportFormatNames)
      writeOwnFile(this.#file(month, format), reportFormats[format].write(report));
    await keyValues.put([[String(month), String(report.closed)]], keepMs);
  }

  #file(month: number, format: ReportFormat): string {
    return join(this.#folder, `${written(month)}.${format}`);
  }

  /** Undefined when somebody has taken it away, or put something else in its place. */
  #read(month: number, format: ReportFormat): string | undefined {
    try {
      return readOwnFile(this.#file(month, format));
    } catch {
      return undefined;
    }
  }
}
