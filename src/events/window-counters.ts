/** What is counted in each window of an NGINX log, in the order of the event's fields, and of windows that are kept. */
export const windowCounters = [
  'requests',
  'bytes_sent',
  'status_1xx',
  'status_2xx',
  'status_3xx',
  'status_4xx',
  'status_5xx',
  'method_get',
  'method_head',
  'method_post',
  'method_put',
  'method_patch',
  'method_delete',
  'method_other',
  'page_views',
  'downloads',
  'api_calls',
  'assets',
  'other_requests',
  'bot_requests',
  'extractor_requests',
  'extractor_bytes',
  'failed_uploads',
] as const;

export type WindowCounter = (typeof windowCounters)[number];
