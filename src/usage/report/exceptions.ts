/**
 * What the standard calls conditions of a report, by their numbers; 69 is DataCite's.
 * @see COUNTER_SUSHI, "Exceptions"
 */
const conditions = {
  69: ['warning', 'Report is compressed using gzip'],
  1000: ['fatal', 'Service Not Available'],
  1030: ['fatal', 'Insufficient Information to Process Request'],
  2000: ['error', 'Requestor Not Authorized to Access Service'],
  2020: ['error', 'APIKey Invalid'],
  3000: ['error', 'Report Not Supported'],
  3020: ['error', 'Invalid Date Arguments'],
  3030: ['error', 'No Usage Available for Requested Dates'],
  3031: ['error', 'Usage Not Ready for Requested Dates'],
  3040: ['warning', 'Partial Data Returned'],
  3050: ['warning', 'Parameter Not Recognized in this Context'],
  3060: ['error', 'Invalid ReportFilter Value'],
} as const;

export type ReportCode = keyof typeof conditions;

export interface ReportException {
  readonly code: ReportCode;
  readonly severity: string;
  readonly message: string;
  /** What is the matter in this case. */
  readonly data: string;
}

export function reportException(code: ReportCode, data: string): ReportException {
  const [severity, message] = conditions[code];
  return { code, severity, message, data };
}
