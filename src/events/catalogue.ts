import { auditEvents } from './audit-events.js';
import { browserEvents } from './browser-events.js';
import { type CatalogueEntry, entry } from './catalogue-entry.js';
import { costFields } from './cost-fields.js';
import type { Event } from './event.js';
import { author, placed, resource, user } from './field-groups.js';
import type { FieldName } from './fields.js';
import { notificationEvents } from './notification-events.js';
import { trafficEvents } from './traffic-events.js';
import { usageEvents } from './usage-events.js';

const extraction: readonly FieldName[] = ['extractor_name', 'resource_id', 'message'];
const extracted: readonly FieldName[] = ['job_id', 'resource_type', 'resource_name', ...placed, ...user];
const responseTimes: readonly FieldName[] = [
  'response_time_avg',
  'response_time_min',
  'response_time_max',
  'response_time_loss',
];

const costFieldNames = Object.keys(costFields) as (keyof typeof costFields)[];

/** The kinds of events that this daemon knows. A new kind is one entry here and one line under fixtures/events. */
export const catalogue: readonly CatalogueEntry[] = [
  entry('clowder', 'user_activity.signup', 'A user signs up.', user),
  entry('clowder', 'user_activity.login', 'A user logs in.', user),
  entry('clowder', 'view_resource.dataset', 'A dataset is viewed.', [...resource, ...user]),
  entry('clowder', 'view_resource.file', 'A file is viewed.', [...resource, ...user]),
  entry('clowder', 'view_resource.collection', 'A collection is viewed.', [...resource, ...user]),
  entry('clowder', 'view_resource.space', 'A space is viewed.', [...resource, ...user]),
  entry('clowder', 'extraction.file', 'A file is sent to an extractor.', ['extractor_name', ...resource, ...user]),
  entry('clowder', 'extraction.dataset', 'A dataset is sent to an extractor.', [
    'extractor_name',
    ...resource,
    ...user,
  ]),
  entry('clowder', 'extraction.selection', 'A selection of a dataset is sent to an extractor.', [
    'extractor_name',
    ...resource,
    ...user,
  ]),
  entry(
    'clowder',
    'upload',
    'A file is uploaded, into a dataset or by itself. It has no type.',
    [...user, 'resource_name', 'size'],
    ['dataset_id', 'dataset_name', ...author],
  ),
  entry('clowder', 'download.file', 'A file is downloaded.', [...resource, ...user, 'size']),
  entry('clowder', 'download.dataset', 'A dataset is downloaded.', [...resource, ...user, 'size']),
  entry('clowder', 'archive.file', 'A file is archived.', [...resource, ...user, 'size']),
  entry('clowder', 'archive.dataset', 'A dataset is archived.', [...resource, ...user, 'size']),
  entry('clowder', 'unarchive.file', 'A file is taken out of the archive.', [...resource, ...user, 'size']),
  entry('clowder', 'unarchive.dataset', 'A dataset is taken out of the archive.', [...resource, ...user, 'size']),

  ...trafficEvents,
  ...browserEvents,

  entry(
    'health',
    'health',
    'One check of a service; the type is the kind of probe, such as http.',
    ['service_name', 'healthy'],
    [
      ...responseTimes,
      'maintenance',
      'uptime',
      'target',
      'message',
      'status',
      'bytes',
      'time_dns',
      'time_connect',
      'time_tls',
      'time_first_byte',
      'certificate_days_left',
      'queue_length',
      'consumers',
      'unknown_seconds',
    ],
  ),
  ...(['up', 'down', 'degraded', 'maintenance', 'unknown'] as const).map(state =>
    entry(
      'health',
      `service_status.${state}`,
      {
        up: 'A service is up.',
        down: 'A service is down.',
        degraded: 'A service is degraded.',
        maintenance: 'A service is being worked on.',
        unknown:
          'It cannot be known how a service is: another one that it needs is down or being worked on, or the check is not possible.',
      }[state],
      ['service_name'],
      [
        'message',
        'since',
        'previous_state',
        'caused_by',
        ...(state === 'unknown' ? (['maintenance'] as const) : []),
        'from',
        'until',
        'outage_seconds',
        'unknown_seconds',
        'corrects',
        'by',
        'healthy',
        'uptime',
        ...responseTimes,
        'target',
        'queue_length',
        ...(state === 'up' || state === 'degraded' ? costFieldNames : []),
      ],
    ),
  ),
  entry(
    'health',
    'service_status.withdrawn',
    'Maintenance that was declared is called off.',
    ['service_name', 'corrects'],
    ['message', 'by'],
  ),
  ...(['start', 'success', 'failure'] as const).map(kind =>
    entry(
      'job',
      `heartbeat.${kind}`,
      { start: 'A job begins.', success: 'A job has ended well.', failure: 'A job has failed.' }[kind],
      ['service_name'],
      ['message', 'every', 'grace', 'runtime'],
    ),
  ),
  ...(['appeared', 'changed', 'silent'] as const).map(change =>
    entry(
      'heartbeat',
      `extractor_heartbeat.${change}`,
      {
        appeared: 'An extractor was heard of for the first time, or again.',
        changed: 'An extractor has another version.',
        silent: 'An extractor missed three heartbeats.',
      }[change],
      ['extractor_name', 'extractor_version', 'queue'],
      ['extractor_id', 'previous_version', 'last_seen', 'message'],
    ),
  ),

  entry('extraction', 'extraction_status.queued', 'An extraction waits.', extraction, [...extracted, 'size']),
  entry('extraction', 'extraction_status.working', 'An extraction is under way.', extraction, [
    ...extracted,
    'waiting_seconds',
  ]),
  ...(['done', 'error', 'stuck'] as const).map(end =>
    entry(
      'extraction',
      `extraction_status.${end}`,
      {
        done: 'An extraction has ended well, or its extractor found nothing to do.',
        error: 'An extraction has failed for good.',
        stuck: 'Nothing was heard of an extraction for too long.',
      }[end],
      extraction,
      [
        ...extracted,
        'waiting_seconds',
        'working_seconds',
        'attempts',
        ...(end === 'done' ? (['skipped'] as const) : []),
      ],
    ),
  ),

  ...auditEvents,
  ...notificationEvents,
  ...usageEvents,
];

/**
 * Categories about this daemon, those who run it and what it has counted, not about what Clowder and its users do:
 * analytics take them only when they are named.
 */
export const internalCategories: readonly string[] = ['audit', 'problem', 'notification', 'usage'];

/** The entries of each category, in order. */
export const entriesByCategory: ReadonlyMap<string, readonly CatalogueEntry[]> = group(catalogue);

function group(entries: readonly CatalogueEntry[]): Map<string, CatalogueEntry[]> {
  const groups = new Map<string, CatalogueEntry[]>();
  for (const one of entries) {
    const others = groups.get(one.category);
    if (others === undefined) groups.set(one.category, [one]);
    else others.push(one);
  }
  return groups;
}

/** Checked whatever the category: what makes an event, and the ids and names that sinks build on. */
const generalFields: readonly FieldName[] = [
  'id',
  'category',
  'type',
  'created',
  ...user,
  ...author,
  'resource_id',
  'dataset_id',
  'space_id',
];

/** The fields that are known, and checked, in events of a category: those of all its types, or the general ones. */
export function fieldsOf(category: string): ReadonlySet<FieldName> {
  const entries = entriesByCategory.get(category) ?? [];
  return new Set([...generalFields, ...entries.flatMap(({ fields }) => [...fields.always, ...fields.sometimes])]);
}

/** Clowder's `size` is a number of files and folders for these types, and bytes for all others. */
export const itemCountTypes: ReadonlySet<string> = new Set(['dataset']);

const measured: ReadonlySet<string> = new Set(
  catalogue
    .filter(({ fields }) => fields.always.includes('size') || fields.sometimes.includes('size'))
    .map(one => one.category),
);

/** What an event's `size` means. */
export interface Measure {
  readonly bytes?: number;
  readonly item_count?: number;
}

const nothing: Measure = {};

/**
 * What sinks write beside `size`, so that bytes and counts never add up. Empty where the event has no size that a
 * double holds, already carries `bytes` or `item_count`, or is of a category whose `size` nobody has explained.
 */
export function measure(event: Pick<Event, 'category' | 'type' | 'fields'>): Measure {
  const { size, bytes, item_count } = event.fields;
  if (!Number.isFinite(size) || bytes !== undefined || item_count !== undefined) return nothing;
  if (!measured.has(event.category)) return nothing;
  const value = size as number;
  return event.type !== undefined && itemCountTypes.has(event.type) ? { item_count: value } : { bytes: value };
}
