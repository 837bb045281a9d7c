import type { Check } from './check.js';
import { agent, dataset, file, known, space } from './content.js';
import type { Site } from './site.js';

const user = { user_id: '65594ef92245842e94fe748d', user_name: 'Tobin Marshlake' };

/** What programs send over HTTP. */
export function fromHttp({ post }: Site): Record<string, Check> {
  const posted =
    (path: string, more: object, fields: Readonly<Record<string, unknown>>, added: object): Check =>
    async () => {
      const created = Date.now();
      await post(path, { ...more, ...fields, created });
      return { fits: event => event.created === created, source: 'http', values: { ...fields, ...added } };
    };
  return {
    'storage: deletions, with file, dataset, space and bytes': posted(
      '/v1/events/delete/file',
      {},
      { resource_id: file, dataset_id: dataset, space_id: space, size: 48_210_944, ...user },
      known,
    ),
    'an endpoint for each event type': posted(
      '/v1/events/resource_download/file',
      {},
      { resource_id: file, url: 'https://clowder.example.org/files/1/blob', bytes: 204_811, ...user },
      known,
    ),
    'analytics: language, location, device, age and other properties of the user': posted(
      '/v1/events',
      { category: 'page_view', type: 'file' },
      {
        ...{ url: 'https://clowder.example.org/files/1', resource_id: file, session_id: 'session-of-the-portal' },
        ...{ language: 'de-CH', country: 'CH', user_agent: agent, age: 34, user_properties: { plan: 'pro' }, ...user },
      },
      known,
    ),
    CloudEvents: async () => {
      const id = `e-${Date.now()}`;
      const data = { resource_id: file, size: 17, ...user };
      const around = { specversion: '1.0', id, source: '/archive', type: 'archive.file' };
      await post('/v1/events', { ...around, data }, 'application/cloudevents+json');
      const values = { ...data, ...known, ce_id: id, ce_source: '/archive' };
      return { fits: event => event.ce_id === id, source: 'http', values };
    },
  };
}
