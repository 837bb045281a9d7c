/** What came in during an outage, and what was to be expected: fields of the event of the recovery. */
export const costFields = {
  outage_requests: { kind: 'count', description: 'Requests during the outage, by the NGINX logs.' },
  outage_visitors: {
    kind: 'number',
    description: 'Visitors during the outage: how many there were in a window of the NGINX log, on average.',
  },
  outage_downloads: { kind: 'count', description: 'Downloads during the outage.' },
  outage_failed_uploads: { kind: 'count', description: 'Uploads that failed during the outage.' },
  expected_requests: {
    kind: 'number',
    description: 'Requests in the same hours of the four weeks before, on average. Absent without enough history.',
  },
  expected_requests_min: { kind: 'count', description: 'The fewest of those weeks.' },
  expected_requests_max: { kind: 'count', description: 'The most of those weeks.' },
  expected_visitors: { kind: 'number', description: 'Visitors in a window in those hours, on average.' },
  expected_visitors_min: { kind: 'number', description: 'The fewest of those weeks.' },
  expected_visitors_max: { kind: 'number', description: 'The most of those weeks.' },
  expected_downloads: { kind: 'number', description: 'Downloads in those hours, on average.' },
  expected_downloads_min: { kind: 'count', description: 'The fewest of those weeks.' },
  expected_downloads_max: { kind: 'count', description: 'The most of those weeks.' },
  expected_failed_uploads: { kind: 'number', description: 'Uploads that failed in those hours, on average.' },
  expected_failed_uploads_min: { kind: 'count', description: 'The fewest of those weeks.' },
  expected_failed_uploads_max: { kind: 'count', description: 'The most of those weeks.' },
  expected_weeks: {
    kind: 'count',
    description: 'How many of the four weeks could be compared; below two nothing is expected.',
  },
  counted_until: { kind: 'timestamp', description: 'How far the NGINX logs of the outage were counted by then.' },
} as const;
