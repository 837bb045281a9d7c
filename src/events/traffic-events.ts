import { client } from './browser-events.js';
import { type CatalogueEntry, entry } from './catalogue-entry.js';
import { placed, resource } from './field-groups.js';
import type { FieldName } from './fields.js';
import { type WindowCounter, windowCounters } from './window-counters.js';

/** What can be uploaded or made, and what can be deleted, by its type. */
const made = { file: 'A file', dataset: 'A dataset', collection: 'A collection', space: 'A space', folder: 'A folder' };
const deleted = { ...made, curation: 'A curation', version: 'A released version of a dataset' };
const storing: readonly FieldName[] = [
  ...resource,
  ...placed,
  'size',
  'bytes',
  'url',
  'method',
  'status',
  'agent_kind',
  'extractor_name',
  ...client,
];

/** Every window has all its counters; these are the ones that it is about. */
const mainCounters: readonly WindowCounter[] = [
  'requests',
  'bytes_sent',
  'status_2xx',
  'status_3xx',
  'status_4xx',
  'status_5xx',
];

/** What the daemon makes of the lines of an NGINX log. */
export const trafficEvents: readonly CatalogueEntry[] = [
  ...Object.entries(deleted).map(([type, noun]) =>
    entry('nginx', `delete.${type}`, `${noun} is deleted.`, [], storing),
  ),
  ...Object.entries(made).map(([type, noun]) => entry('nginx', `upload.${type}`, `${noun} is uploaded.`, [], storing)),

  entry(
    'nginx',
    'page_view',
    'A page was asked for. The type says whose: that of a dataset, file, collection, space, curation or metadata; other pages, with NGINX_PAGE_VIEWS=all, have no type.',
    ['url'],
    ['resource_id', 'resource_name', ...placed, 'method', 'status', 'bytes', 'duration', 'agent_kind', ...client],
  ),
  entry(
    'nginx',
    'resource_download',
    'A file, dataset or collection (the type) was downloaded over HTTP.',
    ['url', 'bytes'],
    [
      'resource_id',
      'resource_name',
      ...placed,
      'method',
      'status',
      'duration',
      'parts',
      'agent_kind',
      'extractor_name',
      ...client,
    ],
  ),
  entry(
    'nginx',
    'api_call',
    'The API was called.',
    ['url'],
    ['method', 'status', 'bytes', 'duration', 'resource_id', ...placed, 'agent_kind', 'extractor_name', ...client],
  ),
  entry(
    'nginx',
    'connections',
    'Requests and connections in one window of an NGINX log.',
    ['window_start', 'window_seconds', 'connections', 'visitors', ...mainCounters],
    [
      'part',
      'log',
      ...windowCounters.filter(name => !mainCounters.includes(name)),
      'extractors',
      'routes',
      'visitors_capped',
      'connections_capped',
    ],
  ),
  entry(
    'nginx',
    'connections.open',
    'What nginx says of itself in one window: connections that are open at one time, and what it counted.',
    [
      'window_start',
      'window_seconds',
      'samples',
      'connections_active',
      'connections_active_max',
      'connections_reading',
      'connections_reading_max',
      'connections_writing',
      'connections_writing_max',
      'connections_waiting',
      'connections_waiting_max',
      'connections_accepted',
      'connections_handled',
      'server_requests',
    ],
  ),
];
