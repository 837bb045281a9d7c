import { costFields } from './cost-fields.js';
import type { FieldKind } from './field-kinds.js';

export type PersonalKind = 'name' | 'id' | 'mail' | 'address' | 'agent';

export interface Field {
  readonly kind: FieldKind;
  readonly description: string;
  /** Where the kind does not say it. */
  readonly unit?: string;
  /** What of a person it is: sinks have it as `<SINK>_PERSONAL` says. */
  readonly personal?: PersonalKind;
}

/**
 * Every field that this daemon knows, with one meaning wherever it occurs. Fields that are not here are legal and kept.
 */
export const fields = {
  // Every event
  id: {
    kind: 'eventId',
    description: 'Makes retries safe: the same id is the same event. Without it, the same body is the same event.',
  },
  category: {
    kind: 'category',
    description: 'What happened. Any category is legal; those of the catalogue are known.',
  },
  type: { kind: 'text', description: 'What it happened to, or how, within the category.' },
  created: {
    kind: 'timestamp',
    description:
      'When it happened: epoch seconds (up to 11 digits), milliseconds (12 to 14) or microseconds (15 to 17), or ISO-8601. Stamped on arrival when absent.',
  },
  user_id: {
    kind: 'id',
    description: 'Who did it. Clowder gives anonymous users the id of 24 zeros.',
    personal: 'id',
  },
  user_name: { kind: 'text', description: 'Full name of who did it.', personal: 'name' },

  // Storage: resources of Clowder
  author_id: { kind: 'id', description: 'Who the resource belongs to.', personal: 'id' },
  author_name: {
    kind: 'text',
    description: 'Full name of who the resource belongs to; may be empty.',
    personal: 'name',
  },
  resource_id: { kind: 'id', description: 'The dataset, file, collection or space.' },
  resource_name: { kind: 'text', description: 'Name of the dataset, file, collection or space.' },
  dataset_id: { kind: 'id', description: 'The dataset that the file is in.' },
  dataset_name: { kind: 'text', description: 'Name of the dataset that the file is in.' },
  space_id: { kind: 'id', description: 'The space that the resource is in.' },
  space_name: { kind: 'text', description: 'Name of that space.' },
  file_id: { kind: 'id', description: 'The file that the resource is.' },
  collection_id: { kind: 'id', description: 'The collection that the resource is, or that its dataset is in.' },
  doi: { kind: 'text', description: 'Persistent identifier under which the dataset is published.' },
  size: {
    kind: 'count',
    description: 'Bytes for a file; for a dataset its number of files and folders.',
    unit: 'bytes or items',
  },

  // Extractions
  extractor_name: { kind: 'text', description: 'Name of the extractor.' },
  extractor_version: { kind: 'text', description: 'Version of the extractor.' },
  extractor_id: { kind: 'id', description: 'One running instance of an extractor.' },
  previous_version: { kind: 'text', description: 'Version of the extractor before it changed.' },
  queue: { kind: 'text', description: 'Name of a queue.' },
  last_seen: { kind: 'timestamp', description: 'When the extractor was last heard of.' },
  message: { kind: 'text', description: 'What there is to say about it, for people.' },

  job_id: { kind: 'id', description: 'One extraction, as Clowder numbers them.' },
  resource_type: { kind: 'text', description: 'What the resource is: `file`, `dataset`.' },
  waiting_seconds: {
    kind: 'seconds',
    description: 'From the queue of the extractor until an extractor began; absent where one of the two was not seen.',
    unit: 'seconds',
  },
  working_seconds: {
    kind: 'seconds',
    description:
      'From when an extractor began until the end, further attempts included; absent where one of the two was not seen.',
    unit: 'seconds',
  },
  attempts: { kind: 'count', description: 'How often an extractor began with it.' },
  skipped: { kind: 'boolean', description: 'The extractor found nothing to do. Absent otherwise.' },

  // Traffic
  url: { kind: 'url', description: 'Address or path that was asked for; secrets in the query are left out.' },
  bytes: {
    kind: 'bytes',
    description: 'Bytes of the answer, without its headers; of an upload, those of the request.',
  },
  method: { kind: 'text', description: 'Method of the request.' },
  status: { kind: 'count', description: 'HTTP status of the answer.' },
  duration: { kind: 'seconds', description: 'Time that the request took.', unit: 'seconds' },
  parts: {
    kind: 'count',
    description: 'Requests that fetched the file in parts, where there was more than one.',
  },
  referrer: { kind: 'text', description: 'Page that led here.' },
  user_agent: { kind: 'text', description: 'Browser or program, as it names itself.', personal: 'agent' },
  agent_kind: {
    kind: 'text',
    description:
      'What asked: `person`, `machine` (a program such as curl, or without an agent), `extractor` or `crawler`.',
  },
  visitor: { kind: 'text', description: 'Key of the visitor: a hash of address and agent whose salt changes daily.' },
  ip: {
    kind: 'text',
    description: 'Address of the client (of traffic, only with NGINX_KEEP_IP).',
    personal: 'address',
  },
  session_id: { kind: 'id', description: 'Session in which it happened.' },
  device_id: { kind: 'id', description: 'Device on which it happened.' },
  language: { kind: 'text', description: 'Language that the client likes best, such as de-CH.' },
  platform: { kind: 'text', description: 'Platform of the client.' },
  source: {
    kind: 'text',
    description: '`browser`: a page said it. The same view or download may be in the NGINX log too.',
  },
  insert_id: { kind: 'id', description: 'What the page calls the event, so that it can be sent again.' },
  country: {
    kind: 'text',
    description: 'Country of the client; where the daemon looks it up, its ISO 3166 code in capital letters.',
  },

  // Connections: one window of an NGINX log
  samples: { kind: 'count', description: 'How often nginx was asked in the window.' },
  connections_active: { kind: 'number', description: 'Connections open: the mean of the samples.' },
  connections_active_max: { kind: 'count', description: 'Connections open: the most in a sample.' },
  connections_reading: {
    kind: 'number',
    description: 'Connections open whose request is being read: the mean of the samples.',
  },
  connections_reading_max: {
    kind: 'count',
    description: 'Connections open whose request is being read: the most in a sample.',
  },
  connections_writing: {
    kind: 'number',
    description: 'Connections open that are being answered: the mean of the samples.',
  },
  connections_writing_max: {
    kind: 'count',
    description: 'Connections open that are being answered: the most in a sample.',
  },
  connections_waiting: { kind: 'number', description: 'Connections open and idle: the mean of the samples.' },
  connections_waiting_max: { kind: 'count', description: 'Connections open and idle: the most in a sample.' },
  connections_accepted: { kind: 'count', description: 'Connections that nginx accepted since the window before.' },
  connections_handled: { kind: 'count', description: 'Connections that nginx did not drop for want of room.' },
  server_requests: { kind: 'count', description: 'Requests of all servers of this nginx since the window before.' },
  window_start: { kind: 'timestamp', description: 'Start of the window.' },
  window_seconds: { kind: 'seconds', description: 'Length of the window.', unit: 'seconds' },
  part: {
    kind: 'count',
    description: 'Windows are additive: 0 is the window as it closed, 1 and on are lines that came late.',
  },
  log: { kind: 'text', description: 'Name of the log file.' },
  requests: { kind: 'count', description: 'Requests in the window.' },
  connections: { kind: 'count', description: 'Distinct connections in the window.' },
  visitors: { kind: 'count', description: 'Distinct visitors in the window.' },
  visitors_capped: { kind: 'boolean', description: 'There were more visitors than are counted exactly.' },
  connections_capped: { kind: 'boolean', description: 'There were more connections than are counted exactly.' },
  bytes_sent: { kind: 'bytes', description: 'Bytes of all answers in the window.' },
  status_1xx: { kind: 'count', description: 'Answers with status 100 to 199.' },
  status_2xx: { kind: 'count', description: 'Answers with status 200 to 299.' },
  status_3xx: { kind: 'count', description: 'Answers with status 300 to 399.' },
  status_4xx: { kind: 'count', description: 'Answers with status 400 to 499.' },
  status_5xx: { kind: 'count', description: 'Answers with status 500 to 599.' },
  method_get: { kind: 'count', description: 'GET requests.' },
  method_head: { kind: 'count', description: 'HEAD requests.' },
  method_post: { kind: 'count', description: 'POST requests.' },
  method_put: { kind: 'count', description: 'PUT requests.' },
  method_patch: { kind: 'count', description: 'PATCH requests.' },
  method_delete: { kind: 'count', description: 'DELETE requests.' },
  method_other: { kind: 'count', description: 'Requests of any other method.' },
  page_views: {
    kind: 'count',
    description:
      'Views by people and their programs: of datasets, files, collections and spaces, or of all pages (NGINX_PAGE_VIEWS).',
  },
  downloads: { kind: 'count', description: 'Downloads by people.' },
  api_calls: { kind: 'count', description: 'API calls.' },
  assets: { kind: 'count', description: 'Scripts, styles, images, thumbnails, health checks.' },
  other_requests: { kind: 'count', description: 'Requests of no other kind.' },
  bot_requests: { kind: 'count', description: 'Requests by crawlers.' },
  extractor_requests: { kind: 'count', description: 'Requests by extractors.' },
  extractor_bytes: { kind: 'bytes', description: 'Bytes of the answers to extractors.' },
  failed_uploads: {
    kind: 'count',
    description: 'Uploads that were refused or failed (4xx, 5xx), or that the client gave up (499).',
  },
  extractors: { kind: 'list', description: 'Requests and bytes of each extractor: `{name, requests, bytes}`.' },
  routes: { kind: 'list', description: "Requests of each of Clowder's routes: `{route, requests}`." },

  // Health
  service_name: { kind: 'text', description: 'Name of the service.' },
  target: { kind: 'text', description: 'What was probed: an address, a queue or a path, without secrets.' },
  healthy: { kind: 'boolean', description: 'The service works.' },
  maintenance: {
    kind: 'boolean',
    description:
      'The service, or the one that caused this, is being worked on: no reason for an alert. Absent otherwise.',
  },
  uptime: {
    kind: 'number',
    description:
      'Share of the checks of the last 24 hours that found the service working; maintenance and times without a check do not count.',
    unit: 'percent',
  },
  response_time_avg: { kind: 'seconds', description: 'Mean response time.', unit: 'seconds' },
  response_time_min: { kind: 'seconds', description: 'Shortest response time.', unit: 'seconds' },
  response_time_max: { kind: 'seconds', description: 'Longest response time.', unit: 'seconds' },
  response_time_loss: { kind: 'percent', description: 'Share of the probes without an answer.', unit: 'percent' },
  time_dns: { kind: 'seconds', description: 'Time to look the name up.', unit: 'seconds' },
  time_connect: { kind: 'seconds', description: 'Time to connect.', unit: 'seconds' },
  time_tls: { kind: 'seconds', description: 'Time of the TLS handshake.', unit: 'seconds' },
  time_first_byte: { kind: 'seconds', description: 'Time to the first byte of the answer.', unit: 'seconds' },
  certificate_days_left: { kind: 'number', description: 'Until the TLS certificate ends.', unit: 'days' },
  queue_length: { kind: 'count', description: 'Messages waiting in the queue.' },
  consumers: { kind: 'count', description: 'Consumers of the queue.' },
  from: { kind: 'timestamp', description: 'When the state began, or begins.' },
  until: { kind: 'timestamp', description: 'When the state ended, or is expected to end.' },
  since: { kind: 'timestamp', description: 'When the service came into this state.' },
  previous_state: { kind: 'text', description: 'The state of the service that was announced before this one.' },
  caused_by: {
    kind: 'text',
    description:
      'The service that is, or was, down or being worked on, and because of which nothing is known of this one.',
  },
  outage_seconds: {
    kind: 'seconds',
    description: 'How long the service was known to be down before it recovered, maintenance apart.',
    unit: 'seconds',
  },
  ...costFields,
  unknown_seconds: {
    kind: 'seconds',
    description:
      'Before this check, or within this outage: time of which nothing is known, because the daemon was not running or could not look.',
    unit: 'seconds',
  },
  every: { kind: 'seconds', description: 'How often a job is expected to end well.', unit: 'seconds' },
  grace: { kind: 'seconds', description: 'How late a job may be.', unit: 'seconds' },
  runtime: { kind: 'seconds', description: 'How long a job may take.', unit: 'seconds' },
  corrects: {
    kind: 'eventId',
    description:
      'The event that announced an outage which turned out to be maintenance; or the one that declared maintenance which is called off.',
  },

  // Audit: who did what with this daemon
  by: {
    kind: 'text',
    description: 'Name of the API key that it was done with; `daemon`, or `command line` with the user of the system.',
  },
  subject: {
    kind: 'text',
    description:
      'What it is about. Of an audit event: the name of a key, a sink or a queue, or a file; of a problem: its key, the same as long as it lasts; of a notification: its first line.',
  },
  count: { kind: 'count', description: 'How many were concerned: dead letters, events, keys or changes.' },

  // Problems of the daemon, and notifications
  severity: { kind: 'text', description: 'How bad it is: `critical`, `warning` or `info`.' },
  fix: { kind: 'text', description: 'What to do about it, and what the daemon does by itself.' },
  channels: { kind: 'text', description: 'Where the message goes: names of sinks, such as `notify.email`, by comma.' },
  changes: {
    kind: 'list',
    description: 'What the message is about: `{name, state, severity, message, since, …}` for each service or problem.',
  },
  thread: { kind: 'eventId', description: 'The first message about the same outage.' },

  // Usage: what changed in the figures of a day
  added: {
    kind: 'number',
    description:
      'What the figure that `type` names has grown by since it was last said: add it up. Negative where a day was counted again and came to less.',
  },
  access_method: { kind: 'text', description: '`regular` (people) or `machine` (scripts and tools that people use).' },
  period: { kind: 'text', description: 'What was counted: a day, or a month that is closed, in UTC.' },
  reason: { kind: 'text', description: 'Why accesses do not count, such as `robot` or `double_click`.' },
} as const satisfies Readonly<Record<string, Field>>;

export type FieldName = keyof typeof fields;
