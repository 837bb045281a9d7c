import type { FieldName } from './fields.js';

export const user: readonly FieldName[] = ['user_id', 'user_name'];
export const author: readonly FieldName[] = ['author_id', 'author_name'];
export const resource: readonly FieldName[] = ['resource_id', 'resource_name', ...author];
/** Where the resource is: known beside most events (docs/context.md), said by some. */
export const placed: readonly FieldName[] = [
  'file_id',
  'dataset_id',
  'dataset_name',
  'space_id',
  'space_name',
  'collection_id',
  'doi',
];
