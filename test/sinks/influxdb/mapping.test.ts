import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { influxdbTables } from '../../helpers/influxdb-mapping.js';

test('the documented mapping is what the sink does', () => {
  const page = readFileSync('docs/mapping-influxdb.md', 'utf8');
  const begin = '<!-- begin: checked against the code -->\n';
  const documented = page.slice(page.indexOf(begin) + begin.length, page.indexOf('<!-- end -->'));
  // To write it anew: put what this prints as expected between the two marks.
  assert.snapshot(documented, influxdbTables());
});

test.run();
