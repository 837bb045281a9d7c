import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RouteMemory } from '../../../src/nginx/traffic/route-memory.js';
import { findRoute, noRoute, routes } from '../../../src/nginx/traffic/route-table.js';

const id = '5fad53bfe4b00dcab417b69c';
const name = (method: string, path: string): string => routes[findRoute(method, path)]!.name;

/** A path that a template stands for. */
const example = (template: string): string =>
  template
    .replace(/:\w+/g, id)
    .replace(/\{\w+\}/g, 'any-word')
    .replace('*', 'more/of/it');

test('each template is found by a path of it, and no two are the same', () => {
  const names = routes.slice(1).map(route => route.name);
  assert.is(new Set(names).size, names.length);
  assert.ok(names.length < 400, 'windows count them all');
  for (const template of names) {
    const [method = '', path = ''] = template.startsWith('/') ? ['PATCH', template] : template.split(' ');
    assert.is(name(method, example(path)), template);
  }
});

test('fixed words come before ids, ids have 24 hex digits, and what is unknown belongs to its family', () => {
  assert.is(name('GET', '/files/new'), 'GET /files/new');
  assert.is(name('GET', `/files/${id.toUpperCase()}`), 'GET /files/:id');
  assert.is(name('GET', `/files/${id}0`), '');
  assert.is(name('GET', `/files/${id}/`), '');
  assert.is(name('GET', '/api/files/none'), '/api/files/*');
  assert.is(name('PATCH', `/api/files/${id}`), '/api/files/*');
  assert.is(name('GET', `/api/v2/datasets/${id}/what/ever`), '/api/v2/datasets/*');
  assert.is(name('GET', '/api/new/thing'), '/api/*');
  assert.is(name('GET', '/apiary'), '');
  assert.is(name('HEAD', '/assets/app.js'), 'GET /assets/*');
  assert.is(name('GET', `/api/${'a/'.repeat(1000)}`), '');
  assert.is(findRoute('GET', 'files'), noRoute);
});

test('a shape that is remembered is the route that the table has', () => {
  const segment = fc.oneof(
    fc.constantFrom('files', 'datasets', 'api', 'v2', 'blob', 'download', 'summary', 'spaces', '', 'new', 'links'),
    fc.constantFrom(id, id.toUpperCase(), `${id}a`, id.slice(1), `${id.slice(1)}g`),
  );
  const memory = new RouteMemory('/c');
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 6 }), fc.constantFrom('GET', 'POST', 'DELETE'), (segments, method) => {
      const path = `/c/${segments.join('/')}`;
      for (const query of ['', '?a=/b', '?']) {
        const line = Buffer.from(`${method} ${path}${query} HTTP/1.1`);
        const start = method.length + 1;
        const found = memory.routeOf(line, 0, method.length, start, start + path.length + query.length);
        assert.is(found, findRoute(method, path.slice(2)), path);
        assert.is(memory.pathEnd, start + path.length);
      }
    }),
    { numRuns: 2_000 },
  );
});

test.run();
