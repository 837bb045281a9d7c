import { type CatalogueEntry, entry } from './catalogue-entry.js';
import type { FieldName } from './fields.js';

/** What is known of whoever asks for a page, by the log as well as by the browser. */
export const client: readonly FieldName[] = [
  'user_id',
  'user_name',
  'session_id',
  'device_id',
  'visitor',
  'ip',
  'user_agent',
  'referrer',
  'language',
  'platform',
  'country',
];

/** What the snippet (browser/snippet/) sends by itself. Their type is that of the resource. */
export const browserEvents: readonly CatalogueEntry[] = [
  entry(
    'browser',
    'browser_page_view',
    'A page was shown, as its browser says: also where an application changes the address by itself.',
    ['url', 'source'],
    ['resource_id', 'agent_kind', 'insert_id', ...client],
  ),
  entry(
    'browser',
    'browser_download',
    'A download was clicked, as the browser says.',
    ['url', 'source'],
    ['resource_id', 'agent_kind', 'insert_id', ...client],
  ),
];
