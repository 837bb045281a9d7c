import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { resourceOf } from '../../../src/nginx/traffic/resources.js';
import { RouteMemory } from '../../../src/nginx/traffic/route-memory.js';
import { routes } from '../../../src/nginx/traffic/route-table.js';

const id = '5fad53bfe4b00dcab417b69c';
const other = '657e70e5b3f40c57e22b6b42';

function asked(request: string, status = 200, prefix = '') {
  const [method = '', target = ''] = request.split(' ');
  const [path = '', query = ''] = target.split('?');
  return { method, path, query, status, route: routes[new RouteMemory(prefix).find(method, path)]! };
}

test('the resource, its type and what it belongs to', () => {
  const of = (request: string, referrer?: string): unknown => {
    const {
      type,
      id: found,
      dataset,
      space,
    } = resourceOf(asked(request.replace(' ', ' /c'), 200, '/c'), '/c', referrer);
    return [type, found, dataset, space].filter(each => each !== undefined);
  };
  assert.equal(of(`GET /collection/${id}`), ['collection', id]);
  assert.equal(of(`GET /spaces/${id}`), ['space', id]);
  assert.equal(of(`GET /files/${id.toUpperCase()}?dataset=${other.toUpperCase()}`), ['file', id, other]);
  assert.equal(of(`GET /spaces/curations/${id}`), ['curation', id]);
  assert.equal(of(`GET /files/${id}?dataset=${other}&space=`), ['file', id, other]);
  assert.equal(of(`GET /datasets/${id}?space=${other}`), ['dataset', id, other]);
  assert.equal(of(`GET /files/${id}/blob`), ['file', id]);
  assert.equal(of(`GET /api/files/${id}`), ['file', id]);
  assert.equal(of(`GET /api/datasets/${id}/downloadFolder`), ['dataset', id]);
  assert.equal(of(`GET /api/collections/${id}/download`), ['collection', id]);
  // A link has an id of its own, which is not the file's; so has a section.
  assert.equal(of(`GET /files/links/${id}`), ['file']);
  assert.equal(of(`GET /file_by_section/${id}`), ['file']);
  assert.equal(of(`GET /api/datasets/${id}/tags/${other}`), [id]);
  assert.equal(of(`DELETE /api/datasets/${other}/${id}`), [id, other]);
  assert.equal(of(`POST /api/uploadToDataset/${other}`), ['file', other]);
  assert.equal(of(`DELETE /api/v2/datasets/${other}/folders/${id}`), ['folder', id, other]);
  assert.equal(of('GET /api/status'), []);
  const page = `https://h.example/files/${id}?dataset=${other}&folder=`;
  assert.equal(of(`GET /api/v2/files/${id}/summary`, page), ['file', id, other]);
  assert.equal(of(`GET /api/v2/files/${id}/summary`, page.replaceAll(id, '0'.repeat(24))), ['file', id]);
});

test.run();
