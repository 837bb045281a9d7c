import type { MonthlyReports } from './monthly/monthly-reports.js';
import type { Submissions } from './submissions.js';

/** Reports of single months, and what becomes of them. */
export interface MonthlyUsage extends Pick<MonthlyReports, 'list' | 'text'> {
  submit(submission: Parameters<Submissions['submit']>[0]): ReturnType<Submissions['submit']>;
}
