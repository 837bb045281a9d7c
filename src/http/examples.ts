import { readdirSync, readFileSync } from 'node:fs';
import type { routeConfig } from 'koa-swagger-decorator';

type RouteConfig = Parameters<typeof routeConfig>[0];
type RequestBody = NonNullable<NonNullable<RouteConfig['request']>['body']>;

const fixtures = new URL('../../../fixtures/events/', import.meta.url);
const recordings = ['clowder.ndjson', 'requested.ndjson'];

const event = { $ref: '#/components/schemas/Event' };
const eventList = { type: 'array' as const, items: event, minItems: 1, maxItems: 1000 };

/** Examples are added where the document is built, from the recorded events. */
export const eventBody: RequestBody = {
  content: {
    'application/json': { schema: { oneOf: [event, eventList] } },
    'application/x-ndjson': { schema: { type: 'string', description: 'One event a line.' } },
  },
};

export const receiptExample = {
  accepted: 1,
  duplicates: 0,
  ids: ['8c5be8ba9be24dc0a3e5c1f7e3b0ad6c'],
  durability: 'embedded',
};

export const eventPageExample = {
  events: [
    {
      id: '8c5be8ba9be24dc0a3e5c1f7e3b0ad6c',
      created: 1709542924131,
      category: 'view_resource',
      type: 'dataset',
      resource_id: '65fd8f8b72b6e319f3c4706e',
      resource_name: 'Prairie soil moisture 2023',
      user_id: '65594ef92245842e94fe748d',
      _source: 'http',
      _received: 1709542924190,
    },
  ],
  next_cursor: null,
};

/** The first recorded event of each kind, by kind (`category` or `category.type`), as its line. */
export function recordedEvents(): Readonly<Record<string, string>> {
  const lines: Record<string, string> = {};
  for (const file of recordings.filter(name => readdirSync(fixtures).includes(name))) {
    for (const line of readFileSync(new URL(file, fixtures), 'utf8').split('\n')) {
      if (line === '') continue;
      const { category, type } = JSON.parse(line) as { category: string; type?: string };
      lines[type === undefined ? category : `${category}.${type}`] ??= line;
    }
  }
  return lines;
}
