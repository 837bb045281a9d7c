import { type CatalogueEntry, entry } from './catalogue-entry.js';
import type { FieldName } from './fields.js';

const figures = {
  total_dataset_investigations: 'Accesses to a dataset and its files, requests among them.',
  total_dataset_requests: 'Retrievals of content of a dataset.',
  unique_dataset_investigations: 'Sessions in which a dataset or one of its files was accessed.',
  unique_dataset_requests: 'Sessions in which content of a dataset was retrieved.',
  bytes: 'Bytes that were transferred by all accesses to a dataset.',
  request_bytes: 'Bytes that were transferred by retrievals of content of a dataset.',
} as const;

export type UsageFigure = keyof typeof figures;

/** What is counted of each dataset, by people and machines: types of the category `usage`. */
export const usageFigures = Object.keys(figures) as readonly UsageFigure[];

const known: readonly FieldName[] = [
  'resource_type',
  'resource_id',
  'resource_name',
  'dataset_id',
  'doi',
  'space_id',
  'space_name',
];

/** Differences in the figures of usage, additive: see docs/usage.md. */
export const usageEvents: readonly CatalogueEntry[] = [
  ...usageFigures.map(figure =>
    entry('usage', `usage.${figure}`, figures[figure], ['added', 'access_method', 'period'], known),
  ),
  entry('usage', 'usage.left_out', 'Accesses that do not count, for a reason.', ['added', 'reason', 'period']),
];
