import { readFileSync } from 'node:fs';
import type { routeConfig } from 'koa-swagger-decorator';
import { programFile } from '../program-files.js';

type RouteConfig = Parameters<typeof routeConfig>[0];
type RequestBody = NonNullable<NonNullable<RouteConfig['request']>['body']>;

const fixtures = programFile('fixtures/events/');
/** As Clowder and users send them; then as the daemon makes them. */
const recordings = { requested: ['clowder.ndjson', 'requested.ndjson'], made: ['made.ndjson'] } as const;

type Schema = { readonly $ref: string };

const event: Schema = { $ref: '#/components/schemas/Event' };
const cloudEvent: Schema = { $ref: '#/components/schemas/CloudEvent' };

/** One event, or several: as an array, or as lines. */
export function itemBody(schema: Schema, example?: object): RequestBody {
  return {
    content: {
      'application/json': { schema: oneOrMore(schema), ...(example === undefined ? {} : { example }) },
      'application/x-ndjson': { schema: { type: 'string', description: 'One event a line.' } },
    },
  };
}

const cloudEventExample = {
  specversion: '1.0',
  id: '7d1f',
  source: 'https://portal.example.org',
  type: 'download.file',
  time: '2024-03-04T09:02:04.131Z',
  data: { resource_id: '65a3dea71616158972863493', size: 204_811 },
};

/** Examples are added where the document is built, from the recorded events. */
export const eventBody: RequestBody = {
  content: {
    ...itemBody(event).content,
    'application/cloudevents+json': { schema: cloudEvent, example: cloudEventExample },
    'application/cloudevents-batch+json': { schema: listOf(cloudEvent), example: [cloudEventExample] },
  },
};

function oneOrMore(schema: Schema) {
  return { oneOf: [schema, listOf(schema)] };
}

function listOf(schema: Schema) {
  return { type: 'array' as const, items: schema, minItems: 1, maxItems: 1000 };
}

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
export function recordedEvents(which: keyof typeof recordings): Readonly<Record<string, string>> {
  const lines: Record<string, string> = {};
  for (const file of recordings[which]) {
    for (const line of readFileSync(new URL(file, fixtures), 'utf8').split('\n')) {
      if (line === '') continue;
      const { category, type } = JSON.parse(line) as { category: string; type?: string };
      lines[type === undefined ? category : `${category}.${type}`] ??= line;
    }
  }
  return lines;
}
