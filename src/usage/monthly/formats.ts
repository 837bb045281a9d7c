import { monthlyReportAsCsv } from './csv.js';
import { monthlyReportAsHtml } from './html.js';
import type { MonthlyReport } from './report.js';

/** How a monthly report can be had; each is the ending of its file, too. */
export const reportFormats = {
  json: { type: 'application/json; charset=utf-8', write: (report: MonthlyReport) => `${JSON.stringify(report)}\n` },
  csv: { type: 'text/csv; charset=utf-8; header=present', write: monthlyReportAsCsv },
  html: { type: 'text/html; charset=utf-8', write: monthlyReportAsHtml },
} as const;

export type ReportFormat = keyof typeof reportFormats;

export const reportFormatNames = Object.keys(reportFormats) as ReportFormat[];

export function isReportFormat(text: string): text is ReportFormat {
  return Object.hasOwn(reportFormats, text);
}
