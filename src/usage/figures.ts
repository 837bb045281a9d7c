import { minUsers, type UsageCounts } from '../storage/usage-report.js';

/** What is shown in place of figures of so few users. */
export const few = '< 3';

/** The counts under the names that the API and the reports give them. */
export interface Figures {
  readonly total_dataset_investigations: number;
  readonly total_dataset_requests: number;
  readonly unique_dataset_investigations: number;
  readonly unique_dataset_requests: number;
  readonly bytes: number;
  readonly request_bytes: number;
}

export function figuresOf(counts: UsageCounts): Figures {
  return {
    total_dataset_investigations: counts.investigations,
    total_dataset_requests: counts.requests,
    unique_dataset_investigations: counts.uniqueInvestigations,
    unique_dataset_requests: counts.uniqueRequests,
    bytes: counts.bytes,
    request_bytes: counts.requestBytes,
  };
}

/** A country has too few users, or too few who downloaded, to say more than that there were some. */
export function isFew(counts: UsageCounts): boolean {
  return counts.investigations > 0 && counts.users < minUsers;
}

export const noCounts: UsageCounts = {
  investigations: 0,
  requests: 0,
  uniqueInvestigations: 0,
  uniqueRequests: 0,
  bytes: 0,
  requestBytes: 0,
  users: 0,
};
