import { readdirSync, readFileSync } from 'node:fs';
import { registry, SwaggerRouter } from 'koa-swagger-decorator';
import { prepareDocs } from 'koa-swagger-decorator/dist/lib/swagger-builder.js';
import { eventSchema } from './examples.js';
import { sessionCookie } from './middleware/authentication.js';
import { controllers } from './routes.js';

type Document = ReturnType<typeof prepareDocs>;

const fixtures = new URL('../../../fixtures/events/', import.meta.url);
/** What the decorator library says of a 200 that no route has. */
const placeholder = '成功响应';

let built: Document | undefined;

/**
 * The OpenAPI 3 document of the API. Built once and kept: the decorator library registers every route again each time it is asked.
 */
export function buildDocument(): Document {
  built ??= build();
  return built;
}

function build(): Document {
  // The library takes the words around the routes from the router that was made last.
  for (const controller of controllers) new SwaggerRouter({ spec: specification }).applyRoute(controller);
  registry.registerComponent('schemas', 'Event', eventSchema());
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
  const publish = document.paths['/v1/events']?.post?.requestBody;
  if (publish !== undefined && 'content' in publish) {
    const lines = recordedEvents();
    const examples = Object.entries(lines).map(([name, line]) => [name, { value: JSON.parse(line) }]);
    publish.content['application/json']!.examples = Object.fromEntries(examples);
    publish.content['application/x-ndjson']!.example = Object.values(lines).slice(0, 3).join('\n');
  }
  return document;
}

/** The first recorded event of each kind, by kind, as its line. */
function recordedEvents(): Record<string, string> {
  const lines: Record<string, string> = {};
  for (const file of ['clowder.ndjson', 'requested.ndjson'].filter(name => readdirSync(fixtures).includes(name))) {
    for (const line of readFileSync(new URL(file, fixtures), 'utf8').split('\n')) {
      if (line === '') continue;
      const { category, type } = JSON.parse(line) as { category: string; type?: string };
      lines[type === undefined ? category : `${category}.${type}`] ??= line;
    }
  }
  return lines;
}

const specification = {
  openapi: '3.0.3',
  info: {
    title: 'event-sink',
    version: '1.0.0',
    description:
      'Collects the events of a Clowder installation and delivers each, exactly accounted for, to MongoDB, InfluxDB, Amplitude and Google Analytics 4. ' +
      'Errors are problem documents (RFC 9457).',
    license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
  },
  servers: [{ url: '/' }],
  tags: [
    { name: 'Events', description: 'Events in, out, and as they come.' },
    { name: 'Dead letters', description: 'Events that a sink could not take.' },
    { name: 'RabbitMQ', description: 'Messages to any queue.' },
    { name: 'Status', description: 'What the daemon does and has done.' },
    { name: 'Session', description: 'Signing in from a page.' },
    { name: 'Operation', description: 'For what runs the daemon.' },
  ],
};
