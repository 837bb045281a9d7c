import { readFileSync } from 'node:fs';
import { type Check, positive } from './check.js';
import { bytesOfFile, dataset, file, known, owner, space } from './content.js';
import type { Site } from './site.js';

const people = { user_id: '65594ef92245842e94fe748d', user_name: 'Tobin Marshlake', author_name: 'Mira Quillfeather' };
const ofDataset = { dataset_id: dataset, dataset_name: 'Rain', space_id: space, space_name: 'Weather' };

let published = 0;

/** A recorded event of Clowder's, about what this installation has, as it would come now. */
function recorded(category: string, type: string | undefined, own: object): Record<string, unknown> {
  const events = readFileSync('fixtures/events/clowder.ndjson', 'utf8').trim().split('\n');
  const found = events.map(line => JSON.parse(line)).find(event => event.category === category && event.type === type);
  if (found === undefined) throw new Error(`no recorded ${category} ${type ?? ''}`);
  published += 1;
  return { ...found, ...own, created: Date.now() + published };
}

/** What Clowder publishes, over RabbitMQ. */
export function fromClowder({ publish }: Site): Record<string, Check> {
  const check =
    (category: string, type: string | undefined, own: object, added: object): Check =>
    async () => {
      const event = recorded(category, type, own);
      await publish(event);
      const { category: _category, type: _type, created, ...fields } = event;
      return { fits: found => found.created === created, source: 'clowder', values: { ...fields, ...added } };
    };
  const inFile = { resource_id: file, resource_name: 'rain.csv', author_id: owner, ...people };
  return {
    'storage: uploads, with dataset, space and bytes': check(
      'upload',
      undefined,
      { dataset_id: dataset, dataset_name: 'Rain', resource_name: 'snow.csv', author_id: owner, ...people },
      ofDataset,
    ),
    'storage: downloads, with file, dataset, space and bytes': check(
      'download',
      'file',
      { ...inFile, size: bytesOfFile },
      known,
    ),
    'traffic: views that Clowder publishes': check(
      'view_resource',
      'dataset',
      { resource_id: dataset, resource_name: 'Rain', author_id: owner, ...people },
      ofDataset,
    ),
    'extractions: what Clowder sends to extractors': check('extraction', 'file', inFile, known),
    'users: logins': check('user_activity', 'login', {}, {}),
  };
}

/** What the daemon finds out by itself, and what is declared in an emergency. */
export function fromServices({ post, url }: Site): Record<string, Check> {
  return {
    'health: a ping with its response time': async () => ({
      fits: ({ service_name, healthy }) => service_name === 'clowder' && healthy === true,
      source: 'health',
      values: {
        service_name: 'clowder',
        target: `${url}/healthz`,
        healthy: true,
        response_time_avg: positive,
      },
    }),
    'health: an outage, declared while all else is down': async () => {
      const values = { service_name: 'clowder', message: 'the disk is broken' };
      await post('/v1/service-status', { ...values, status: 'down' });
      return { fits: ({ message }) => message === values.message, source: 'http', values: { ...values, by: 'test' } };
    },
  };
}
