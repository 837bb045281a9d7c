import { registry, SwaggerRouter } from 'koa-swagger-decorator';
import { prepareDocs } from 'koa-swagger-decorator/dist/lib/swagger-builder.js';
import { eventSchemas } from '../events/event-schemas.js';
import type { JsonSchema } from '../events/field-kinds.js';
import { sinks } from '../sinks/registry.js';
import { cloudEventSchema } from './cloud-event-schema.js';
import { recordedEvents } from './examples.js';
import { addKindPaths } from './kind-paths.js';
import { sessionCookie } from './middleware/authentication.js';
import { controllers } from './routes.js';

type Document = ReturnType<typeof prepareDocs>;

/** What the decorator library writes for a 200 that no route has. */
const placeholder = '成功响应';

let built: Document | undefined;

/**
 * The OpenAPI 3 document of the API. Built once and kept: the decorator library registers every
 * route again each time it is asked.
 */
export function buildDocument(): Document {
  built ??= build();
  return built;
}

function build(): Document {
  // The library takes what surrounds the routes from the router that was made last.
  for (const controller of controllers) new SwaggerRouter({ spec: specification }).applyRoute(controller);
  for (const [name, schema] of Object.entries(eventSchemas())) {
    registry.registerComponent('schemas', name, forOpenApi30(schema));
  }
  registry.registerComponent('schemas', 'CloudEvent', cloudEventSchema);
  registry.registerComponent('securitySchemes', 'ApiKey', { type: 'apiKey', in: 'header', name: 'X-API-Key' });
  registry.registerComponent('securitySchemes', 'Bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'The same key.',
  });
  registry.registerComponent('securitySchemes', 'Session', {
    type: 'apiKey',
    in: 'cookie',
    name: sessionCookie,
    description: 'Set by signing in; for pages.',
  });
  const document = prepareDocs();
  for (const path of Object.values(document.paths)) {
    for (const operation of [path.get, path.post, path.delete]) {
      if (operation?.responses[200]?.description === placeholder) delete operation.responses[200];
    }
  }
  addRecordedEvents(document);
  addKindPaths(document);
  return document;
}

function addRecordedEvents(document: Document): void {
  const publish = document.paths['/v1/events']?.post?.requestBody;
  if (publish === undefined || !('content' in publish)) return;
  const lines = recordedEvents('requested');
  const examples = Object.entries(lines).map(([name, line]) => [name, { value: JSON.parse(line) }]);
  publish.content['application/json']!.examples = Object.fromEntries(examples);
  publish.content['application/x-ndjson']!.example = Object.values(lines).slice(0, 3).join('\n');
}

/** JSON Schema of 2020 has the bound itself where OpenAPI 3.0 has a flag beside `maximum`. */
function forOpenApi30(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(
    Object.entries(schema).flatMap(([word, value]): [string, unknown][] => {
      if (word !== 'exclusiveMaximum') return [[word, nested(value)]];
      return [
        ['maximum', value],
        ['exclusiveMaximum', true],
      ];
    }),
  );
}

function nested(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(nested);
  return typeof value === 'object' && value !== null ? forOpenApi30(value as JsonSchema) : value;
}

const destinations = new Intl.ListFormat('en-GB').format(
  sinks
    .filter(({ storesWith, notifies }) => storesWith === undefined && notifies === undefined)
    .map(({ title }) => title),
);

const specification = {
  openapi: '3.0.3',
  info: {
    title: 'event-sink',
    version: '1.0.0',
    description:
      `Collects the events of a Clowder installation and delivers each of them, exactly accounted for, to ${destinations}. ` +
      'Errors are problem documents (RFC 9457).',
    license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
  },
  servers: [{ url: '/' }],
  tags: [
    { name: 'Events', description: 'Sending events, reading them back, following them live.' },
    { name: 'Events of one kind', description: 'An endpoint for each category, and each type of one.' },
    { name: 'Browsers', description: 'Events from the pages of Clowder and of portals.' },
    { name: 'People', description: 'What is held of people, and their erasure.' },
    { name: 'Dead letters', description: 'Events that a sink could not take.' },
    { name: 'RabbitMQ', description: 'Messages to any queue.' },
    { name: 'Status', description: 'What the daemon is doing and has done.' },
    { name: 'Session', description: 'Signing in from a page.' },
    { name: 'Monitoring', description: 'For load balancers, platforms and Prometheus.' },
  ],
};
