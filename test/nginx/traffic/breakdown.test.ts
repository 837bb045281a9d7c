import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Breakdown } from '../../../src/nginx/traffic/breakdown.js';
import { findRoute } from '../../../src/nginx/traffic/route-table.js';

const id = '5fad53bfe4b00dcab417b69c';

test('goes on with what was counted, also when a route is gone since, or nothing was saved', () => {
  const before = new Breakdown();
  before.routes[findRoute('GET', `/files/${id}`)] = 3;
  before.routes[0] = 7;
  before.addExtractor('ncsa.wordcount', 100);
  before.addExtractor('ncsa.wordcount', 0);
  const saved = JSON.parse(JSON.stringify(before.save()));
  const after = Breakdown.restore({ ...saved, routes: [...saved.routes, { route: 'GET /gone', requests: 1 }] });
  after.routes[findRoute('GET', `/files/${id}`)]! += 1;
  after.addExtractor('ncsa.wordcount', 5);
  assert.equal(after.save(), {
    routes: [{ route: 'GET /files/:id', requests: 4 }],
    extractors: [{ name: 'ncsa.wordcount', requests: 3, bytes: 105 }],
  });
  assert.equal(Breakdown.restore(undefined).save(), { routes: [], extractors: [] });
});

test.run();
